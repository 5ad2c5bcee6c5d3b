using System.Text;
using Microsoft.EntityFrameworkCore;

namespace MlSystem.Registry.Storage;

/// <summary>Many rows in one statement that never fails on an existing key; the same SQL on SQLite and PostgreSQL.</summary>
internal static class Upsert
{
    /// <summary>SQLite takes 32,766 parameters a statement, PostgreSQL 65,535.</summary>
    private const int MaxParameters = 30_000;

    /// <summary>Inserts rows; <paramref name="onConflict"/> is the clause behind <c>ON CONFLICT</c>.</summary>
    /// <param name="columns">Column names; each row has as many values.</param>
    public static async Task RowsAsync(
        RegistryContext db, string table, string[] columns, string onConflict, IReadOnlyList<object[]> rows, CancellationToken cancellationToken)
    {
        foreach (var chunk in rows.Chunk(MaxParameters / columns.Length))
        {
            var sql = new StringBuilder("INSERT INTO ").Append(table).Append(" (").AppendJoin(", ", columns).Append(") VALUES ");
            var parameter = 0;
            for (var row = 0; row < chunk.Length; row++)
            {
                sql.Append(row == 0 ? "(" : ", (");
                for (var column = 0; column < columns.Length; column++)
                {
                    sql.Append(column == 0 ? "{" : ", {").Append(parameter++).Append('}');
                }

                sql.Append(')');
            }

            sql.Append(" ON CONFLICT ").Append(onConflict);
            await db.Database.ExecuteSqlRawAsync(sql.ToString(), chunk.SelectMany(values => values), cancellationToken);
        }
    }
}

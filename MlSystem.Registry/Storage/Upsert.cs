using Microsoft.EntityFrameworkCore;

namespace MlSystem.Registry.Storage;

/// <summary>Many rows in one statement that never fails on an existing key.</summary>
internal static class Upsert
{
    /// <summary>Inserts rows; <paramref name="onConflict"/> is the clause behind <c>ON CONFLICT</c>.</summary>
    /// <param name="columns">Column names; each row has as many values, none of them null.</param>
    public static async Task RowsAsync(
        RegistryContext db, string table, string[] columns, string onConflict, IReadOnlyList<object[]> rows, CancellationToken cancellationToken)
    {
        foreach (var chunk in rows.Chunk(db.MaxRows(columns.Length)))
        {
            var (source, parameters) = db.Rows(columns.Length, chunk);
            var sql = $"INSERT INTO {table} ({string.Join(", ", columns)}) {source} ON CONFLICT {onConflict}";
            await db.Database.ExecuteSqlRawAsync(sql, parameters, cancellationToken);
        }
    }
}

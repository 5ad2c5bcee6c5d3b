using System.Globalization;
using DuckDB.NET.Data;
using MlSystem.FeatureStore.Definitions;

namespace MlSystem.FeatureStore.Offline;

/// <summary>DuckDB in this process, and SQL fragments for it.</summary>
public static class DuckDb
{
    /// <summary>An empty database in memory that spills to a folder.</summary>
    public static async Task<DuckDBConnection> OpenAsync(string spillFolder, int memoryMiB, CancellationToken cancellationToken)
    {
        var connection = new DuckDBConnection("DataSource=:memory:");
        await connection.OpenAsync(cancellationToken);
        await ExecuteAsync(
            connection,
            string.Create(CultureInfo.InvariantCulture, $"SET TimeZone='UTC'; SET memory_limit='{memoryMiB}MiB'; SET temp_directory={Text(spillFolder)}; SET autoinstall_known_extensions=false; SET autoload_known_extensions=false;"),
            cancellationToken);
        return connection;
    }

    public static async Task ExecuteAsync(DuckDBConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>A quoted identifier.</summary>
    public static string Name(string identifier) => $"\"{identifier.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    /// <summary>A text literal.</summary>
    public static string Text(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    /// <summary>How a datatype is stored; a TIMESTAMP as microseconds since 1970-01-01T00:00:00Z.</summary>
    public static string Type(Datatype datatype) => datatype switch
    {
        Datatype.Bool => "BOOLEAN",
        Datatype.Int32 => "INTEGER",
        Datatype.Int64 or Datatype.Timestamp => "BIGINT",
        Datatype.Fp32 => "FLOAT",
        Datatype.Fp64 => "DOUBLE",
        >= Datatype.Int32List => Type(datatype.Element()) + "[]",
        _ => "VARCHAR",
    };

    /// <summary>Parquet files with their own columns alone: a folder <c>date=…</c> would become a column <c>date</c>.</summary>
    public static string Parquet(params IEnumerable<string> files) =>
        $"read_parquet([{string.Join(", ", files.Select(Text))}], union_by_name=true, hive_partitioning=false)";

    /// <summary>A query of a view's Parquet files that has every column also where no file, or no older file, has it.</summary>
    public static string Rows(FeatureView view, IReadOnlyList<string> files)
    {
        var columns = view.JoinKeys.Concat(view.Features).Select(field => $"NULL::{Type(field.Datatype)} AS {Name(field.Name)}");
        var empty = $"SELECT {string.Join(", ", columns)}, NULL::BIGINT AS {OfflineColumns.EventUs}, NULL::BIGINT AS {OfflineColumns.CreatedUs}, "
            + $"NULL::BIGINT AS {OfflineColumns.LoggedUs}, NULL::BOOLEAN AS {OfflineColumns.Online}, NULL::BOOLEAN AS {OfflineColumns.Offline} WHERE false";
        return files.Count == 0 ? empty
            : $"{empty} UNION ALL BY NAME SELECT * FROM {Parquet(files)}";
    }
}

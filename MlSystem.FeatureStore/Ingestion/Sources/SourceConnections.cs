using System.Data;
using System.Data.Common;
using DuckDB.NET.Data;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Options;
using MlSystem.FeatureStore.Definitions;
using MlSystem.ServiceDefaults.Storage;
using Npgsql;

namespace MlSystem.FeatureStore.Ingestion.Sources;

/// <summary>Opens what a source reads from.</summary>
public sealed class SourceConnections(IConfiguration configuration, DataDirectory data, IOptions<FeatureStoreOptions> options)
{
    /// <summary>The file of a file source.</summary>
    /// <exception cref="SourceException">It is not there.</exception>
    public string FileOf(SourceDefinition source)
    {
        var path = Path.Combine(options.Value.FileSourceDirectory ?? Path.Combine(data.Own, "sources"), source.Path!);
        return File.Exists(path) ? path : throw new SourceException($"Source '{source.Name}': there is no file '{source.Path}' in the folder for file sources.");
    }

    /// <summary>Whether a file source is Parquet, by its format or extension; else it is CSV.</summary>
    public static bool IsParquet(SourceDefinition source) =>
        source.Format == "parquet" || (source.Format is null && source.Path!.EndsWith(".parquet", StringComparison.OrdinalIgnoreCase));

    /// <summary>An open connection of a table source: SQLite where the connection string names a <c>Data Source</c>, else PostgreSQL.</summary>
    /// <exception cref="SourceException">It can't be opened.</exception>
    public async Task<DbConnection> OpenAsync(SourceDefinition source, CancellationToken cancellationToken)
    {
        var text = configuration.GetConnectionString(source.Connection!);
        if (string.IsNullOrEmpty(text))
        {
            throw new SourceException($"Source '{source.Name}': there is no connection string '{source.Connection}' (ConnectionStrings:{source.Connection}).");
        }

        DbConnection connection;
        try
        {
            var parts = new DbConnectionStringBuilder { ConnectionString = text };
            connection = parts.ContainsKey("Data Source") || parts.ContainsKey("DataSource")
                ? new SqliteConnection(new SqliteConnectionStringBuilder(text) { Mode = SqliteOpenMode.ReadOnly }.ConnectionString)
                : new NpgsqlConnection(new NpgsqlConnectionStringBuilder(text) { Timezone = "UTC" }.ConnectionString);
        }
        catch (ArgumentException error)
        {
            throw new SourceException($"Source '{source.Name}': connection string '{source.Connection}' is not valid.", error);
        }

        try
        {
            await connection.OpenAsync(cancellationToken);
            return connection;
        }
        catch (Exception error) when (error is DbException or TimeoutException or System.Net.Sockets.SocketException)
        {
            await connection.DisposeAsync();
            throw new SourceException($"Source '{source.Name}': the database of connection '{source.Connection}' can't be opened ({error.GetType().Name}).", error);
        }
    }

    public static async Task<DbConnection> OpenParquetAsync(CancellationToken cancellationToken)
    {
        var connection = new DuckDBConnection("DataSource=:memory:");
        await connection.OpenAsync(cancellationToken);
        return connection;
    }

    /// <summary>A snapshot, so that checking and ingesting see the same rows; nothing is written.</summary>
    public static async Task<DbTransaction> SnapshotAsync(DbConnection connection, CancellationToken cancellationToken) => connection switch
    {
        SqliteConnection sqlite => sqlite.BeginTransaction(deferred: true),
        DuckDBConnection duck => await duck.BeginTransactionAsync(cancellationToken),
        _ => await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken),
    };
}

using System.Data.Common;
using Microsoft.Data.Sqlite;
using MlSystem.ServiceDefaults.Startup;
using MlSystem.ServiceDefaults.Storage;
using Npgsql;

namespace MlSystem.FeatureStore.Streams.Storage;

/// <summary>
/// Where the state of aggregates lives: tables of the service's PostgreSQL database where <c>ConnectionStrings:database</c> is present, so that it moves with a
/// partition from replica to replica; else <c>streams.db</c> in the service's folder. A file of its own: it is written with every batch, and definitions
/// shall not wait for it.
/// </summary>
public sealed class StreamDatabase(IConfiguration configuration, DataDirectory data) : IStartupTask
{
    /// <summary>Keys have no view's name longer than definitions allow; %BLOB% is the provider's type of bytes.</summary>
    private const string Schema = """
        CREATE TABLE IF NOT EXISTS stream_generations (view_name VARCHAR(200) NOT NULL PRIMARY KEY, generation VARCHAR(40) NOT NULL, fingerprint VARCHAR(64) NOT NULL, previous VARCHAR(40) NULL);
        CREATE TABLE IF NOT EXISTS stream_partitions (generation VARCHAR(40) NOT NULL, part INTEGER NOT NULL, epoch BIGINT NOT NULL, next_offset BIGINT NOT NULL, clock_us BIGINT NOT NULL, created_us BIGINT NOT NULL,
          live BOOLEAN NOT NULL, serving BOOLEAN NOT NULL, silent BOOLEAN NOT NULL, floor_us BIGINT NOT NULL, offline_offset BIGINT NOT NULL, step_clock_us BIGINT NOT NULL, PRIMARY KEY (generation, part));
        CREATE TABLE IF NOT EXISTS stream_chunks (generation VARCHAR(40) NOT NULL, part INTEGER NOT NULL, chunk INTEGER NOT NULL, data %BLOB% NOT NULL, PRIMARY KEY (generation, part, chunk));
        CREATE TABLE IF NOT EXISTS stream_steps (generation VARCHAR(40) NOT NULL, part INTEGER NOT NULL, seq BIGINT NOT NULL, kind INTEGER NOT NULL, to_offset BIGINT NOT NULL, clock_us BIGINT NOT NULL, now_us BIGINT NOT NULL, PRIMARY KEY (generation, part, seq));
        CREATE TABLE IF NOT EXISTS stream_removals (view_name VARCHAR(200) NOT NULL, entity TEXT NOT NULL, generation VARCHAR(40) NOT NULL, part INTEGER NOT NULL, PRIMARY KEY (view_name, entity, generation, part));
        """;

    private readonly string? _postgres = configuration.GetConnectionString("database") is { Length: > 0 } text ? text : null;

    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Name => "stream state";

    /// <summary>Completes once the tables are there.</summary>
    public Task WaitUntilReadyAsync(CancellationToken cancellationToken) => _ready.Task.WaitAsync(cancellationToken);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using var connection = await OpenAsync(cancellationToken);
        var script = Schema.Replace("%BLOB%", _postgres is null ? "BLOB" : "BYTEA", StringComparison.Ordinal);
        if (_postgres is null)
        {
            await ExecuteAsync(connection, "PRAGMA journal_mode=WAL;" + script, cancellationToken);
            _ready.TrySetResult();
            return;
        }

        // Two replicas that create the same table at once would disturb each other.
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await ExecuteAsync(connection, "SELECT pg_advisory_xact_lock(7236514);" + script, cancellationToken, transaction);
        await transaction.CommitAsync(cancellationToken);
        _ready.TrySetResult();
    }

    /// <summary>An open connection. SQLite: a commit survives <c>kill -9</c>; a power cut may take the last ones, which are computed again.</summary>
    public async Task<DbConnection> OpenAsync(CancellationToken cancellationToken)
    {
        DbConnection connection = _postgres is null
            ? new SqliteConnection($"Data Source={Path.Combine(data.Own, "streams.db")};Default Timeout=30")
            : new NpgsqlConnection(_postgres);
        try
        {
            await connection.OpenAsync(cancellationToken);
            if (_postgres is null)
            {
                await ExecuteAsync(connection, "PRAGMA busy_timeout=30000; PRAGMA synchronous=NORMAL;", cancellationToken);
            }

            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    internal static async Task<int> ExecuteAsync(DbConnection connection, string sql, CancellationToken cancellationToken, DbTransaction? transaction = null, params (string Name, object? Value)[] parameters)
    {
        await using var command = Command(connection, sql, transaction, parameters);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    internal static DbCommand Command(DbConnection connection, string sql, DbTransaction? transaction, params (string Name, object? Value)[] parameters)
    {
        var command = connection.CreateCommand();
        (command.CommandText, command.Transaction) = (sql, transaction);
        foreach (var (name, value) in parameters)
        {
            var parameter = command.CreateParameter();
            (parameter.ParameterName, parameter.Value) = (name, value ?? DBNull.Value);
            command.Parameters.Add(parameter);
        }

        return command;
    }
}

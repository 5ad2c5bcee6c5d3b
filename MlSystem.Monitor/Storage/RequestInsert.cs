using System.Data.Common;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Data.Sqlite;
using MlSystem.Monitor.Ingestion;
using Npgsql;
using NpgsqlTypes;

namespace MlSystem.Monitor.Storage;

/// <summary>Inserts the requests of an arrival without EF Core's change tracking, which would cost more than everything else of the ingestion.</summary>
internal static class RequestInsert
{
    private const string Columns = "\"RequestId\", \"Time\", \"Rows\", \"Endpoint\", \"Model\", \"Version\", \"Variant\", \"Role\"";

    /// <summary>Inserts within the context's transaction and returns how many requests were not there yet.</summary>
    public static async Task<int> InsertNewAsync(MonitorContext context, Arrival arrival, CancellationToken cancellationToken)
    {
        var transaction = context.Database.CurrentTransaction!.GetDbTransaction();
        return transaction.Connection is SqliteConnection sqlite
            ? InsertNew(sqlite, (SqliteTransaction)transaction, arrival, cancellationToken)
            : await InsertNewAsync((NpgsqlConnection)transaction.Connection!, arrival, cancellationToken);
    }

    /// <summary>One prepared statement, run for each request: in the process there is nothing to save round trips to.</summary>
    private static int InsertNew(SqliteConnection connection, SqliteTransaction transaction, Arrival arrival, CancellationToken cancellationToken)
    {
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = $"INSERT OR IGNORE INTO requests({Columns}) VALUES ($id, $time, $rows, $endpoint, $model, $version, $variant, $role)";
        var id = command.Parameters.Add("$id", SqliteType.Text);
        var time = command.Parameters.Add("$time", SqliteType.Integer);
        var rows = command.Parameters.Add("$rows", SqliteType.Integer);
        AddCommon(command, arrival, "$");
        command.Prepare();
        var inserted = 0;
        for (var i = 0; i < arrival.Ids.Length; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            (id.Value, time.Value, rows.Value) = (arrival.Ids[i], arrival.Times[i], arrival.Rows[i]);
            inserted += command.ExecuteNonQuery();
        }

        return inserted;
    }

    /// <summary>One statement for all requests, whose columns go as arrays.</summary>
    private static async Task<int> InsertNewAsync(NpgsqlConnection connection, Arrival arrival, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = $"""
            INSERT INTO requests({Columns}) SELECT id, "time", "rows", @endpoint, @model, @version, @variant, @role
            FROM unnest(@ids, @times, @rows) AS r(id, "time", "rows") ON CONFLICT DO NOTHING
            """;
        command.Parameters.Add(new NpgsqlParameter<string[]>("ids", NpgsqlDbType.Array | NpgsqlDbType.Text) { TypedValue = arrival.Ids });
        command.Parameters.Add(new NpgsqlParameter<long[]>("times", NpgsqlDbType.Array | NpgsqlDbType.Bigint) { TypedValue = arrival.Times });
        command.Parameters.Add(new NpgsqlParameter<int[]>("rows", NpgsqlDbType.Array | NpgsqlDbType.Integer) { TypedValue = arrival.Rows });
        AddCommon(command, arrival, "");
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static void AddCommon(DbCommand command, Arrival arrival, string prefix)
    {
        Add(command, prefix + "endpoint", arrival.Endpoint);
        Add(command, prefix + "model", arrival.Model);
        Add(command, prefix + "version", arrival.Version);
        Add(command, prefix + "variant", arrival.Variant);
        Add(command, prefix + "role", arrival.Role);
    }

    private static void Add(DbCommand command, string name, object value)
    {
        var parameter = command.CreateParameter();
        (parameter.ParameterName, parameter.Value) = (name, value);
        command.Parameters.Add(parameter);
    }
}

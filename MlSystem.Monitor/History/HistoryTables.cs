using System.Text.Json;
using DuckDB.NET.Data;
using MlSystem.Contracts;
using MlSystem.Monitor.Ingestion;
using MlSystem.Monitor.Storage;

namespace MlSystem.Monitor.History;

/// <summary>The history's columns, and staged rows as tables of an in-memory DuckDB. Times are UTC.</summary>
internal static class HistoryTables
{
    private const string CreatePredictions = """
        CREATE TABLE predictions(prediction_id VARCHAR, request_id VARCHAR, "row" INTEGER, client_id VARCHAR, endpoint VARCHAR, model VARCHAR,
            version INTEGER, variant VARCHAR, "role" VARCHAR, "time" TIMESTAMP, inputs VARCHAR, join_keys VARCHAR, outputs VARCHAR,
            latency_us BIGINT, oldest_feature_age_seconds DOUBLE, endpoint_revision BIGINT, paired_request_id VARCHAR)
        """;

    private const string CreateLabels = """
        CREATE TABLE labels(prediction_id VARCHAR, sequence BIGINT, label VARCHAR, label_time TIMESTAMP, reward DOUBLE, reward_time TIMESTAMP)
        """;

    /// <summary>A database of its own with both tables filled from <paramref name="staged"/>.</summary>
    public static DuckDBConnection Open(IEnumerable<StagedRow> staged)
    {
        var connection = new DuckDBConnection("Data Source=:memory:");
        connection.Open();

        // Reads run beside serving on small machines.
        Execute(connection, "SET threads = 2; SET preserve_insertion_order = true");
        Execute(connection, CreatePredictions);
        Execute(connection, CreateLabels);
        using var predictions = connection.CreateAppender("predictions");
        using var labels = connection.CreateAppender("labels");
        foreach (var row in staged)
        {
            switch (row.Kind)
            {
                case HistoryKind.Batches: BatchRows.Append(predictions, PredictionBatch.Read(row.Payload), row.Date); break;
                case HistoryKind.Predictions: Append(predictions, JsonSerializer.Deserialize(row.Payload, ContractsJson.Default.PredictionEvent)!); break;
                default: Append(labels, row.Id, JsonSerializer.Deserialize(row.Payload, MonitorJson.Default.LabelRecord)!); break;
            }
        }

        return connection;
    }

    public static void Execute(DuckDBConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    /// <summary>A text as SQL literal, for the places where DuckDB takes no parameter.</summary>
    public static string Literal(string text) => "'" + text.Replace("'", "''", StringComparison.Ordinal) + "'";

    private static void Append(DuckDBAppender appender, PredictionEvent prediction)
    {
        var inputs = new RowSlices(prediction.Inputs, prediction.Rows);
        var keys = new RowSlices(prediction.JoinKeys, prediction.Rows);
        var outputs = new RowSlices(prediction.Outputs, prediction.Rows);
        for (var row = 0; row < prediction.Rows; row++)
        {
            appender.CreateRow()
                .AppendValue($"{prediction.RequestId}/{row}")
                .AppendValue(prediction.RequestId)
                .AppendValue(row)
                .AppendValue(prediction.ClientId)
                .AppendValue(prediction.Endpoint)
                .AppendValue(prediction.Model)
                .AppendValue(prediction.Version)
                .AppendValue(prediction.Variant)
                .AppendValue(prediction.Role)
                .AppendValue(prediction.Time.UtcDateTime)
                .AppendValue(inputs.Json(row))
                .AppendValue(keys.Json(row))
                .AppendValue(outputs.Json(row))
                .AppendValue(prediction.LatencyMicroseconds)
                .AppendValue(prediction.OldestFeatureAgeSeconds)
                .AppendNullValue()
                .AppendNullValue()
                .EndRow();
        }
    }

    private static void Append(DuckDBAppender appender, long sequence, LabelRecord record) => appender.CreateRow()
        .AppendValue($"{record.RequestId}/{record.Row}")
        .AppendValue(sequence)
        .AppendValue(record.Label?.GetRawText())
        .AppendValue(Time(record.LabelTime))
        .AppendValue(record.Reward)
        .AppendValue(Time(record.RewardTime))
        .EndRow();

    private static DateTime? Time(long? milliseconds) => milliseconds is { } ms ? DateTimeOffset.FromUnixTimeMilliseconds(ms).UtcDateTime : null;
}

using System.Globalization;
using DuckDB.NET.Data;
using MlSystem.Monitor.Ingestion;

namespace MlSystem.Monitor.History;

/// <summary>The predictions of a batch as rows of the history.</summary>
internal static class BatchRows
{
    /// <summary>Appends the predictions of one UTC day (<c>yyyy-MM-dd</c>).</summary>
    public static void Append(DuckDBAppender appender, PredictionBatch batch, string day)
    {
        using var text = new PredictionBatch.RowText();
        var rows = batch.Rows;
        var start = DateTime.ParseExact(day, "yyyy-MM-dd", CultureInfo.InvariantCulture);
        for (var request = 0; request < rows.Length; request++)
        {
            var time = batch.Time(request).UtcDateTime;
            if (time.Date == start)
            {
                for (var row = 0; row < rows[request]; row++)
                {
                    Append(appender, batch, text, request, row, time);
                }
            }
        }
    }

    private static void Append(DuckDBAppender appender, PredictionBatch batch, PredictionBatch.RowText text, int request, int row, DateTime time)
    {
        var e = batch.Event;
        var age = 0.0;
        var hasAge = e.OldestFeatureAgesSeconds?.TryGetValue(request, out age) ?? false;
        appender.CreateRow()
            .AppendValue(string.Create(CultureInfo.InvariantCulture, $"{e.RequestIds[request]}/{row}"))
            .AppendValue(e.RequestIds[request])
            .AppendValue(row)
            .AppendValue(e.ClientIds?.GetValueOrDefault(request))
            .AppendValue(e.Endpoint)
            .AppendValue(e.Model)
            .AppendValue(e.Version)
            .AppendValue(e.Variant)
            .AppendValue(e.Role)
            .AppendValue(time)
            .AppendValue(batch.InputsJson(text, request, row))
            .AppendValue(batch.JoinKeysJson(text, request, row))
            .AppendValue(batch.OutputsJson(text, request, row))
            .AppendValue(e.LatenciesMicroseconds[request])
            .AppendValue(hasAge ? age : null)
            .AppendValue(e.EndpointRevision)
            .AppendValue(e.PairedRequestIds?[request])
            .EndRow();
    }
}

using Microsoft.AspNetCore.Http.HttpResults;
using MlSystem.Monitor.Performance;
using MlSystem.ServiceDefaults.Storage;

namespace MlSystem.Monitor.History;

/// <summary><c>GET /api/endpoints/{endpoint}/predictions</c>.</summary>
internal static class HistoryEndpoints
{
    public const string ParquetType = "application/vnd.apache.parquet";
    private const int DefaultLimit = 1000;
    private const int MaxLimit = 10_000;

    public static void MapHistory(this IEndpointRouteBuilder app) => app.MapGet("/api/endpoints/{endpoint}/predictions", PredictionsAsync);

    /// <summary>The predictions of an endpoint, ordered by time: all as Parquet when the client accepts that, else pages of JSON.</summary>
    /// <param name="from">First prediction time (RFC 3339), inclusive.</param>
    /// <param name="to">Last prediction time (RFC 3339), exclusive.</param>
    /// <param name="labelled">Only predictions with a label.</param>
    /// <param name="limit">Rows of a JSON page, 1 to 10,000; default 1000.</param>
    /// <param name="cursor">The <c>next_cursor</c> of the page before.</param>
    private static async Task<Results<JsonHttpResult<HistoryPage>, FileStreamHttpResult, ProblemHttpResult>> PredictionsAsync(
        string endpoint, string? from, string? to, bool? labelled, int? limit, string? cursor,
        HttpRequest request, HistoryReader history, PerformanceReader performance, DataDirectory data, CancellationToken cancellationToken)
    {
        if (!TimeRange.TryParse(from, to, out var range, out var problem))
        {
            return problem;
        }

        var after = cursor is null ? null : HistoryCursor.Decode(cursor);
        if (limit is < 1 or > MaxLimit || (cursor is not null && after is null))
        {
            return TypedResults.Problem(limit is < 1 or > MaxLimit ? $"limit is {limit}; allowed is 1 to {MaxLimit}." : "cursor is not the next_cursor of a page.", statusCode: 400);
        }

        if (!await performance.IsKnownAsync(endpoint, cancellationToken))
        {
            return PerformanceEndpoints.Unknown(endpoint);
        }

        var query = new HistoryQuery(endpoint, range.From, range.To, labelled ?? false);
        return request.GetTypedHeaders().Accept.Any(accept => accept.MediaType.Equals(ParquetType, StringComparison.OrdinalIgnoreCase))
            ? await ParquetAsync(history, query, data, cancellationToken)
            : await PageAsync(history, query, after, limit ?? DefaultLimit, cancellationToken);
    }

    private static async Task<JsonHttpResult<HistoryPage>> PageAsync(HistoryReader history, HistoryQuery query, HistoryCursor? after, int limit, CancellationToken cancellationToken)
    {
        // One more row than asked for tells whether there is another page.
        var rows = await history.ReadAsync(query, after, limit + 1, cancellationToken);
        var page = rows.Take(limit).ToList();
        var next = rows.Count > limit ? new HistoryCursor((page[^1].Time - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond, page[^1].PredictionId).Encode() : null;
        return TypedResults.Json(new HistoryPage { Rows = page, NextCursor = next }, HistoryJson.Default.HistoryPage);
    }

    private static async Task<FileStreamHttpResult> ParquetAsync(HistoryReader history, HistoryQuery query, DataDirectory data, CancellationToken cancellationToken)
    {
        var file = Path.Combine(Directory.CreateDirectory(Path.Combine(data.Own, "answers")).FullName, Path.GetRandomFileName());
        try
        {
            await history.WriteParquetAsync(query, file, cancellationToken);
            return TypedResults.Stream(
                new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, 64 * 1024, FileOptions.DeleteOnClose | FileOptions.Asynchronous),
                ParquetType,
                $"{Uri.EscapeDataString(query.Endpoint)}.parquet");
        }
        catch
        {
            File.Delete(file);
            throw;
        }
    }
}

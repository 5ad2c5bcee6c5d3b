using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using MlSystem.Registry.Serving;
using MlSystem.Registry.Storage;

namespace MlSystem.Registry.Audit;

/// <summary>The native API of the audit.</summary>
internal static class AuditEndpoints
{
    private const int MaxPage = 1000;

    public static void MapAudit(this RouteGroupBuilder root)
    {
        var api = root.MapGroup("/audit").WithTags("audit").ProducesProblem(StatusCodes.Status400BadRequest);
        api.MapGet("", PageAsync).Produces<AuditPage>().WithSummary(
            "Entries, newest first, by principal, action, resource (and what is below it), from and to (RFC 3339): max (1 to 1000, default 100) of those before a sequence.");
        api.MapGet("/export", ExportAsync).Produces(StatusCodes.Status200OK, contentType: "application/x-ndjson").WithSummary(
            "All entries of the same filters, oldest first, as format ndjson (default) or csv.");
        api.MapGet("/verify", VerifyAsync).Produces<AuditVerdict>().WithSummary("Recomputes the hash chain and names every altered, removed or reordered entry.");
    }

    private static async Task<JsonHttpResult<AuditPage>> PageAsync([AsParameters] AuditFilter filter, AuditReader reader, long? before, int? max, CancellationToken cancellationToken) =>
        max is < 1 or > MaxPage
            ? throw Refused.BadRequest($"max is {max}; allowed are 1 to {MaxPage}.")
            : TypedResults.Json(await reader.PageAsync(filter, before ?? long.MaxValue, max ?? 100, cancellationToken), AuditJson.Default.AuditPage);

    private static async Task<JsonHttpResult<AuditVerdict>> VerifyAsync(AuditVerifier verifier, CancellationToken cancellationToken) =>
        TypedResults.Json(await verifier.VerifyAsync(cancellationToken), AuditJson.Default.AuditVerdict);

    private static PushStreamHttpResult ExportAsync([AsParameters] AuditFilter filter, AuditReader reader, string? format, CancellationToken cancellationToken) =>
        (format ?? "ndjson") switch
        {
            "ndjson" => TypedResults.Stream(stream => LinesAsync(stream, reader.AllAsync(filter, cancellationToken), cancellationToken), "application/x-ndjson", "audit.ndjson"),
            "csv" => TypedResults.Stream(stream => CsvAsync(stream, reader.AllAsync(filter, cancellationToken), cancellationToken), "text/csv; charset=utf-8", "audit.csv"),
            _ => throw Refused.BadRequest($"format is '{format}'; allowed are ndjson and csv."),
        };

    private static async Task LinesAsync(Stream stream, IAsyncEnumerable<AuditEntry> entries, CancellationToken cancellationToken)
    {
        await foreach (var entry in entries)
        {
            await JsonSerializer.SerializeAsync(stream, AuditReader.View(entry), AuditJson.Lines.AuditView, cancellationToken);
            await stream.WriteAsync("\n"u8.ToArray(), cancellationToken);
        }
    }

    /// <summary>RFC 4180.</summary>
    private static async Task CsvAsync(Stream stream, IAsyncEnumerable<AuditEntry> entries, CancellationToken cancellationToken)
    {
        await using var writer = new StreamWriter(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), leaveOpen: true) { NewLine = "\r\n" };
        await writer.WriteLineAsync("sequence,time,principal,action,resource,request_id,content,salt,content_sha256,previous_hash,hash");
        await foreach (var e in entries)
        {
            cancellationToken.ThrowIfCancellationRequested();
            string?[] fields =
            [
                e.Sequence.ToString(CultureInfo.InvariantCulture), DateTimeOffset.FromUnixTimeMilliseconds(e.Time).ToString("O", CultureInfo.InvariantCulture),
                e.Principal, e.Action, e.Resource, e.RequestId, e.Content, e.Salt, e.ContentSha256, e.PreviousHash, e.Hash,
            ];
            await writer.WriteLineAsync(string.Join(',', fields.Select(Field)));
        }
    }

    /// <summary>Text that a spreadsheet would run as a formula begins with an apostrophe.</summary>
    private static string Field(string? text) =>
        string.IsNullOrEmpty(text) ? "" : '"' + (text[0] is '=' or '+' or '-' or '@' ? "'" : "") + text.Replace("\"", "\"\"", StringComparison.Ordinal) + '"';
}

using Microsoft.Extensions.Options;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Quality;

namespace MlSystem.FeatureStore.Ingestion;

/// <summary>Answer of a CSV upload.</summary>
/// <param name="Ingested">Rows that are durable now.</param>
/// <param name="Skipped">Bad rows that were left out; 0 when the upload was refused.</param>
/// <param name="ErrorsOmitted">Further mistakes beyond the limit of the list.</param>
/// <param name="IgnoredColumns">Columns of the file that the view does not have.</param>
public sealed record CsvResult(long Ingested, long Skipped, IReadOnlyList<CsvError> Errors, long ErrorsOmitted, IReadOnlyList<string> IgnoredColumns)
{
    /// <summary>Rows that were left out, because their entity was erased after their event time.</summary>
    public long ErasedRows { get; init; }

    /// <summary>Values that came in although a rule of the view warns of them.</summary>
    public long WarningCount { get; init; }

    /// <summary>The first of them; absent where there are none.</summary>
    public IReadOnlyList<RuleWarning>? Warnings { get; init; }

    internal CsvResult With(RuleWarnings warnings) => warnings.Count == 0 ? this : this with { WarningCount = warnings.Count, Warnings = warnings.Warnings };

    /// <summary>Nothing was ingested, because something is wrong.</summary>
    internal bool Refused { get; init; }
}

/// <summary>Reads an upload twice: first everything is checked, then everything is ingested. Memory is bounded by one batch of rows.</summary>
public sealed class CsvUpload(RowIngestion ingestion, RowClock clock, FeatureStoreMetrics metrics, IOptions<FeatureStoreOptions> options)
{
    /// <param name="csv">Seekable.</param>
    /// <param name="skipBad">Leave bad rows out instead of refusing all.</param>
    public async Task<CsvResult> IngestAsync(Stream csv, FeatureView view, bool online, bool offline, bool skipBad, CancellationToken cancellationToken)
    {
        var check = await CheckAsync(csv, view, online, offline, cancellationToken);
        if (check.BadHeader || (check.BadRows > 0 && !skipBad))
        {
            return new CsvResult(0, 0, check.Errors, check.Omitted, check.Ignored) { Refused = true };
        }

        csv.Position = 0;
        using var rows = new CsvRows(csv, view, online, offline, clock);
        await rows.ReadHeaderAsync(cancellationToken);
        var batch = new List<FeatureRow>(options.Value.IngestBatchRows);
        long ingested = 0, erased = 0;
        for (var more = true; more;)
        {
            (more, var row) = await rows.ReadAsync(cancellationToken);
            if (row is not null)
            {
                batch.Add(row);
            }

            if (batch.Count == options.Value.IngestBatchRows || !more)
            {
                var left = await ingestion.IngestAsync(batch, cancellationToken);
                (ingested, erased) = (ingested + batch.Count - left, erased + left);
                batch.Clear();
            }
        }

        metrics.RuleWarnings.Add(rows.Warnings.Count);
        return new CsvResult(ingested, check.BadRows, check.Errors, check.Omitted, check.Ignored) { ErasedRows = erased }.With(rows.Warnings);
    }

    private async Task<(bool BadHeader, long BadRows, IReadOnlyList<CsvError> Errors, long Omitted, IReadOnlyList<string> Ignored)> CheckAsync(
        Stream csv, FeatureView view, bool online, bool offline, CancellationToken cancellationToken)
    {
        using var rows = new CsvRows(csv, view, online, offline, clock);
        if (!await rows.ReadHeaderAsync(cancellationToken))
        {
            return (true, 0, [.. rows.Errors], 0, rows.IgnoredColumns);
        }

        var errors = new List<CsvError>();
        long bad = 0, omitted = 0;
        while (await rows.ReadAsync(cancellationToken) is (true, var row))
        {
            if (row is null)
            {
                bad++;
                var room = Math.Max(0, options.Value.MaxReportedErrors - errors.Count);
                errors.AddRange(rows.Errors.Take(room));
                omitted += Math.Max(0, rows.Errors.Count - room);
            }
        }

        return (false, bad, errors, omitted, rows.IgnoredColumns);
    }
}

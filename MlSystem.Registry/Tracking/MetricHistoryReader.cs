using Microsoft.EntityFrameworkCore;
using MlSystem.Registry.Mlflow;
using MlSystem.Registry.Storage;

namespace MlSystem.Registry.Tracking;

/// <summary>Reads what a metric was over the steps of runs.</summary>
internal sealed class MetricHistoryReader(RegistryDatabase database)
{
    private const int MaxRuns = 100;
    private const int MaxSampled = 2500;
    private const int MaxHistory = 25_000;

    /// <summary>All values of one run, by time.</summary>
    public async Task<MetricsAnswer> PageAsync(MetricHistory request, CancellationToken cancellationToken)
    {
        var runId = Require.Text(request.RunId ?? request.RunUuid, "run_id");
        var key = Require.Text(request.MetricKey, "metric_key");
        var size = Require.PageSize(request.MaxResults, MaxHistory, MaxHistory);
        var offset = PageToken.Offset(request.PageToken);
        await using var db = database.Read();
        var points = await db.MetricPoints.Where(m => m.RunId == runId && m.Key == key)
            .OrderBy(m => m.Timestamp).ThenBy(m => m.Step).ThenBy(m => m.Value)
            .Skip(offset).Take(size + 1).ToListAsync(cancellationToken);
        if (points.Count == 0 && !await db.Runs.AnyAsync(r => r.RunId == runId, cancellationToken))
        {
            throw RunStore.NotFound(runId);
        }

        var page = points.Take(size).Select(m => RunStore.Metric(m.Key, m.Value, m.IsNan, m.Timestamp, m.Step)).ToList();
        return new(page.Count == 0 ? null : page, PageToken.Next(offset, size, points.Count));
    }

    /// <summary>Values of several runs at the same steps: all steps when they are few, else evenly chosen ones, the last, and each run's first and last.</summary>
    public async Task<MetricsAnswer> SampledAsync(BulkMetricHistory request, CancellationToken cancellationToken)
    {
        var runs = request.RunIds is { Count: > 0 } ids ? ids : throw MlflowError.Invalid("Missing value for required parameter 'run_ids'.");
        if (runs.Count > MaxRuns)
        {
            throw MlflowError.Invalid($"GetMetricHistoryBulkInterval request must specify at most {MaxRuns} run_ids. Received {runs.Count}.");
        }

        var key = Require.Text(request.MetricKey, "metric_key");
        var max = request.MaxResults is null or (>= 1 and <= MaxSampled) ? request.MaxResults ?? MaxSampled : throw MlflowError.Invalid($"max_results must be between 1 and {MaxSampled}.");
        if (request.StartStep is null != request.EndStep is null)
        {
            throw MlflowError.Invalid("If either start step or end step are specified, both must be specified.");
        }

        if (request.StartStep > request.EndStep)
        {
            throw MlflowError.Invalid($"end_step must be greater than start_step. Found {request.EndStep} and {request.StartStep}.");
        }

        var (from, to) = (request.StartStep ?? long.MinValue, request.EndStep ?? long.MaxValue);
        await using var db = database.Read();
        var points = db.MetricPoints.Where(m => runs.Contains(m.RunId) && m.Key == key && m.Step >= from && m.Step <= to);
        var ends = await points.GroupBy(m => m.RunId).Select(g => new { First = g.Min(m => m.Step), Last = g.Max(m => m.Step) }).ToListAsync(cancellationToken);
        var steps = await points.Select(m => m.Step).Distinct().OrderBy(s => s).ToListAsync(cancellationToken);
        var chosen = Sample(steps, max).Concat(ends.SelectMany(e => new[] { e.First, e.Last })).Distinct().ToList();
        var found = await points.Where(m => chosen.Contains(m.Step)).OrderBy(m => m.RunId).ThenBy(m => m.Step).ThenBy(m => m.Timestamp).ToListAsync(cancellationToken);
        return new(found.Count == 0 ? null : [.. found.Select(m => RunStore.Metric(m.Key, m.Value, m.IsNan, m.Timestamp, m.Step) with { RunId = m.RunId })], null);
    }

    /// <summary>All values of several runs, run by run; what is beyond the limit is left out, as MLflow's own pages expect.</summary>
    public async Task<MetricsAnswer> OfRunsAsync(RunsMetricHistory request, CancellationToken cancellationToken)
    {
        var runs = request.RunId is { Count: > 0 } ids ? ids : throw MlflowError.Invalid("GetMetricHistoryBulk request must specify at least one run_id.");
        if (runs.Count > MaxRuns)
        {
            throw MlflowError.Invalid($"GetMetricHistoryBulk request cannot specify more than {MaxRuns} run_ids. Received {runs.Count}.");
        }

        var key = request.MetricKey ?? throw MlflowError.Invalid("GetMetricHistoryBulk request must specify a metric_key.");
        var max = Math.Min(Require.PageSize(request.MaxResults, MaxHistory, int.MaxValue), MaxHistory);
        await using var db = database.Read();
        var points = await db.MetricPoints.Where(m => runs.Contains(m.RunId) && m.Key == key)
            .OrderBy(m => m.RunId).ThenBy(m => m.Timestamp).ThenBy(m => m.Step).ThenBy(m => m.Value)
            .Take(max).ToListAsync(cancellationToken);
        return new([.. points.Select(m => RunStore.Metric(m.Key, m.Value, m.IsNan, m.Timestamp, m.Step) with { RunId = m.RunId })], null);
    }

    /// <summary>Every n-th step, as MLflow's own charts expect.</summary>
    private static IEnumerable<long> Sample(List<long> steps, int max) =>
        steps.Count <= max ? steps : Enumerable.Range(0, max).Select(i => steps[(int)((long)i * steps.Count / max)]).Append(steps[^1]);
}

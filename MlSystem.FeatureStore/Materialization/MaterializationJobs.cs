using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Jobs;
using MlSystem.FeatureStore.Offline;

namespace MlSystem.FeatureStore.Materialization;

/// <summary>Asks for materializations and waits for them. An accepted one is done, whatever happens to its caller or to this process.</summary>
public sealed class MaterializationJobs(JobStore jobs, JobSignal signal, CatalogStore catalog, TimeProvider time)
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);

    /// <summary>What is wrong with the views of a request; empty: nothing.</summary>
    public async Task<IReadOnlyList<string>> MistakesAsync(IReadOnlyList<string>? views, CancellationToken cancellationToken)
    {
        var known = (await catalog.RefreshAsync(cancellationToken)).Views;
        return [.. (views ?? []).Where(name => !known.TryGetValue(name, out var view) || !view.Definition.Online || !view.Definition.Offline)
            .Select(name => known.ContainsKey(name) ? $"Feature view {name} is not both online and offline" : $"Feature view {name} does not exist")];
    }

    /// <param name="views">Checked; null: all that are online and offline.</param>
    /// <param name="start">Exclusive; null continues each view behind its last materialization.</param>
    /// <param name="end">Inclusive.</param>
    /// <returns>The job: a waiting or running one that does the same, or a new one.</returns>
    public async Task<JobRow> AddAsync(IReadOnlyList<string>? views, DateTimeOffset? start, DateTimeOffset end, string by, CancellationToken cancellationToken)
    {
        string[] names = [.. (views ?? catalog.Current.Views.Values.Where(view => view.Definition is { Online: true, Offline: true }).Select(view => view.Name))
            .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        var request = new MaterializationRequest(names, start is { } from ? UnixTime.Microseconds(from) : null, UnixTime.Microseconds(end)).Text();

        // One that is already running took its rows earlier.
        return (await jobs.ActiveAsync(Materializer.JobKind, cancellationToken)).FirstOrDefault(job => job.State == JobState.Queued && job.Request == request)
            ?? (await jobs.AddAsync(Materializer.JobKind, request, by, uniqueKey: null, cancellationToken))!;
    }

    /// <returns>The finished job.</returns>
    /// <exception cref="OfflineStoreException">It can't go on now; it will by itself.</exception>
    public async Task<JobRow> WaitAsync(string id, CancellationToken cancellationToken)
    {
        while (true)
        {
            var next = signal.Next;
            var job = await jobs.FindAsync(Materializer.JobKind, id, cancellationToken) ?? throw new InvalidOperationException($"There is no job {id}.");
            if (JobState.IsFinal(job.State))
            {
                return job;
            }

            if (job.Error is { } error)
            {
                throw new OfflineStoreException($"{error} The materialization {id} is accepted and goes on by itself.");
            }

            await JobSignal.WaitAsync(next, Poll, time, cancellationToken);
        }
    }
}

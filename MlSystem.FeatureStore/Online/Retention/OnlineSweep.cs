using System.Globalization;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Online.Recovery;
using StackExchange.Redis;

namespace MlSystem.FeatureStore.Online.Retention;

/// <summary>
/// Brings what the online store holds in line with changed definitions: rows of views that are gone are removed, rows whose time in the
/// store has changed get their new end, and rows that have left already but should not have come back from Parquet. What is done stands
/// in the store itself, by view, so it is lost with the data and never without.
/// </summary>
public sealed partial class OnlineSweep(OnlineStore store, RowScan scan, RowLife life, OnlineRecovery recovery, CatalogStore catalog, ILogger<OnlineSweep> logger)
{
    private const string StatesKey = OnlineKey.Prefix + ":views";

    /// <summary>No view has this name. Its value is the revision of the catalog that the states come from.</summary>
    private const string RevisionField = ":revision";

    private const string Forever = "forever";

    /// <returns>Whether nothing was left to do.</returns>
    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        var known = catalog.Current;
        var done = await StatesAsync(cancellationToken);
        if (done.TryGetValue(RevisionField, out var revision) && long.Parse(revision, CultureInfo.InvariantCulture) > known.Revision)
        {
            // Another replica knows newer definitions.
            return false;
        }

        var finished = true;
        foreach (var view in known.RetiredViews.Values.Concat(known.Views.Values.Where(view => !view.Definition.Online)))
        {
            finished &= await RemoveAsync(view, done.GetValueOrDefault(view.Name), known.Revision, cancellationToken);
        }

        foreach (var view in known.Views.Values.Where(view => view.Definition.Online && done.GetValueOrDefault(view.Name) != State(view)))
        {
            // The rows of a view in its first version can't have been written with another end, but by a service that gave them none.
            var isNew = view.Version == 1 && !done.ContainsKey(view.Name) && done.ContainsKey(RevisionField);
            if (!isNew)
            {
                await RenewAsync(view, done.GetValueOrDefault(view.Name), cancellationToken);
            }

            await NoteAsync([new(view.Name, State(view))], known.Revision, cancellationToken);
        }

        return finished;
    }

    /// <summary>Notes that the store was filled by the definitions in force.</summary>
    public static Task NoteFilledAsync(OnlineStore store, Catalog known, RowLife life, CancellationToken cancellationToken)
    {
        var online = known.Views.Values.Where(view => view.Definition.Online).Select(view => new HashEntry(view.Name, State(life.Of(view))));
        var gone = known.RetiredViews.Values.Concat(known.Views.Values.Where(view => !view.Definition.Online)).Select(view => new HashEntry(view.Name, Gone(view)));
        return store.CallAsync(database => SetAsync(database, [.. online, .. gone, new(RevisionField, known.Revision)]), cancellationToken);
    }

    private static string State(long? lifeUs) => lifeUs?.ToString(CultureInfo.InvariantCulture) ?? Forever;

    private static string Gone(FeatureView view) => string.Create(CultureInfo.InvariantCulture, $"gone {view.Version}");

    private string State(FeatureView view) => State(life.Of(view));

    private async Task<Dictionary<string, string>> StatesAsync(CancellationToken cancellationToken) =>
        (await store.CallAsync(database => database.HashGetAllAsync(StatesKey), cancellationToken))
        .ToDictionary(entry => (string)entry.Name!, entry => (string)entry.Value!, StringComparer.Ordinal);

    /// <summary>Twice, in two runs: a replica that has not heard of the change yet may still write.</summary>
    private async Task<bool> RemoveAsync(FeatureView view, string? done, long revision, CancellationToken cancellationToken)
    {
        var gone = Gone(view);
        if (done == gone)
        {
            return true;
        }

        var going = string.Create(CultureInfo.InvariantCulture, $"going {view.Version}");
        var rows = await scan.PurgeAsync(view.Name, view.Version, cancellationToken);
        await NoteAsync([new(view.Name, done == going ? gone : going)], revision, cancellationToken);
        LogRemoved(view.Name, rows);
        return done == going;
    }

    private async Task RenewAsync(FeatureView view, string? done, CancellationToken cancellationToken)
    {
        var wanted = life.Of(view);
        var rows = await scan.RenewAsync(view, cancellationToken);
        long restored = 0;
        if (done != Forever && (!long.TryParse(done, CultureInfo.InvariantCulture, out var before) || wanted is null || before < wanted))
        {
            restored = await recovery.RestoreAsync(view, cancellationToken);
        }

        LogRenewed(view.Name, rows, restored);
    }

    private Task<bool> NoteAsync(HashEntry[] states, long revision, CancellationToken cancellationToken) =>
        store.CallAsync(database => SetAsync(database, [.. states, new(RevisionField, revision)]), cancellationToken);

    private static async Task<bool> SetAsync(IDatabase database, HashEntry[] states)
    {
        await database.HashSetAsync(StatesKey, states);
        return true;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Feature view {View} is not online any more: {Rows} rows removed from the online store")]
    private partial void LogRemoved(string view, long rows);

    [LoggerMessage(Level = LogLevel.Information, Message = "Feature view {View}: {Rows} online rows have a new end, {Restored} were brought back")]
    private partial void LogRenewed(string view, long rows, long restored);
}

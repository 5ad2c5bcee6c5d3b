using Microsoft.Extensions.Options;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Ingestion;
using MlSystem.FeatureStore.Offline;
using MlSystem.FeatureStore.Quality;

namespace MlSystem.FeatureStore.Materialization;

/// <summary>Asks a view's share rules of the rows that are to go online: the newest of each entity.</summary>
public sealed class RuleGate(MaterializationWindows windows, Spool spool, IOptions<FeatureStoreOptions> options)
{
    /// <summary>Begins what must not go online.</summary>
    public const string Blocked = "blocked: ";

    /// <returns>What does not hold, in words.</returns>
    public async Task<IReadOnlyList<string>> AskAsync(FeatureView view, MaterializationWindow window, CancellationToken cancellationToken)
    {
        if (!ShareRules.Any(view.Definition))
        {
            return [];
        }

        using var snapshot = await windows.FilesAsync(view.Name, window, cancellationToken);
        await using var connection = await DuckDb.OpenAsync(spool.Folder, options.Value.HistoricalMemoryMiB, cancellationToken);
        var newest = LatestRows.Sql(view, MaterializationWindows.Condition(window), snapshot.Paths);
        var results = await ShareRules.AskAsync(connection, view, newest, newest, all: false, cancellationToken);
        return [.. results.Where(result => !result.Holds).Select(result => (result.Action == RuleDefinition.Block ? Blocked : "") + ShareRules.Tell(result))];
    }
}

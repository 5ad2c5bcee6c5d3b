using System.Globalization;
using Microsoft.EntityFrameworkCore;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Definitions.Storage;
using MlSystem.FeatureStore.Jobs;

namespace MlSystem.FeatureStore.Materialization;

/// <summary>
/// Asks for an incremental materialization whenever a view's schedule is due. A due time is asked for once, by whichever replica; of those that were
/// missed while no process ran only the last.
/// </summary>
public sealed partial class MaterializationScheduler(
    CatalogStore catalog, JobStore jobs, IDbContextFactory<FeatureStoreContext> contexts, TimeProvider time, ILogger<MaterializationScheduler> logger) : BackgroundService
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);
    private readonly Dictionary<string, (int Version, DateTimeOffset After)> _after = new(StringComparer.Ordinal);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await catalog.WaitUntilLoadedAsync(stoppingToken);
        while (true)
        {
            try
            {
                await LookAsync(stoppingToken);
            }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
            {
                LogFailed(error);
            }

            await Task.Delay(Look, time, stoppingToken);
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        foreach (var view in catalog.Current.Views.Values.Where(view => view.Definition is { Online: true, Offline: true, Materialization: not null }))
        {
            var after = _after.TryGetValue(view.Name, out var known) && known.Version == view.Version ? known.After : await AfterAsync(view, cancellationToken);
            if (MaterializationSchedule.LastDue(view.Definition.Materialization!, after, time.GetUtcNow()) is { } due)
            {
                var request = new MaterializationRequest([view.Name], null, UnixTime.Microseconds(due), view.Name);
                await jobs.AddAsync(Materializer.JobKind, request.Text(), "schedule", string.Create(CultureInfo.InvariantCulture, $"{Prefix(view.Name)}{UnixTime.Microseconds(due):D20}"), cancellationToken);
                after = due;
            }

            _after[view.Name] = (view.Version, after);
        }
    }

    /// <summary>The last due time that was asked for, or when the definition in force was applied.</summary>
    private async Task<DateTimeOffset> AfterAsync(FeatureView view, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var appliedUs = await context.Definitions.Where(row => row.Kind == DefinitionKind.FeatureView && row.Name == view.Name && row.Version == view.Version)
            .Join(context.Applies, row => row.Revision, apply => apply.Revision, (_, apply) => apply.AppliedAtUs).FirstOrDefaultAsync(cancellationToken);
        var prefix = Prefix(view.Name);
        var last = await context.Jobs.Where(row => row.UniqueKey!.StartsWith(prefix)).MaxAsync(row => row.UniqueKey, cancellationToken);
        var lastUs = last is null ? 0 : long.Parse(last.AsSpan(prefix.Length), CultureInfo.InvariantCulture);
        return UnixTime.FromMicroseconds(Math.Max(appliedUs, lastUs));
    }

    private static string Prefix(string view) => $"schedule/{view}/";

    [LoggerMessage(Level = LogLevel.Error, Message = "Schedules could not be looked at; tried again")]
    private partial void LogFailed(Exception error);
}

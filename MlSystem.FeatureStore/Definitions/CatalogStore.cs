using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using MlSystem.FeatureStore.Definitions.Breaking;
using MlSystem.FeatureStore.Definitions.Storage;
using MlSystem.FeatureStore.Definitions.Validation;
using MlSystem.ServiceDefaults.Startup;

namespace MlSystem.FeatureStore.Definitions;

/// <summary>Keeps the definitions in the database and the newest catalog in memory.</summary>
public sealed partial class CatalogStore(IDbContextFactory<FeatureStoreContext> contexts, LiveUse liveUse, TimeProvider time, ILogger<CatalogStore> logger) : IStartupTask, IDisposable
{
    /// <summary>Another replica can win the race for a revision; a hundred applies at once still end.</summary>
    private const int MaxAttempts = 200;

    private readonly SemaphoreSlim _applying = new(1);
    private readonly TaskCompletionSource _loaded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile Catalog _current = Catalog.Empty;

    public string Name => "definitions";

    /// <summary>The newest catalog that this replica knows.</summary>
    public Catalog Current => _current;

    public Task RunAsync(CancellationToken cancellationToken) => RefreshAsync(cancellationToken);

    /// <summary>Completes once the catalog was read for the first time.</summary>
    public Task WaitUntilLoadedAsync(CancellationToken cancellationToken) => _loaded.Task.WaitAsync(cancellationToken);

    /// <summary>Reads what other replicas have applied.</summary>
    public async Task<Catalog> RefreshAsync(CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var state = await context.CatalogStates.AsNoTracking().SingleOrDefaultAsync(cancellationToken);
        if ((state?.Revision ?? 0) != _current.Revision)
        {
            Publish(CatalogBuilder.Build(state!.Revision, await context.Definitions.AsNoTracking().ToListAsync(cancellationToken)));
        }

        _loaded.TrySetResult();
        return _current;
    }

    /// <summary>Applies definitions: all or nothing, and nothing when they are in force already.</summary>
    /// <exception cref="InvalidDefinitionsException">Something is wrong; nothing was changed.</exception>
    /// <exception cref="DefinitionsInUseException">It breaks what a live endpoint reads; nothing was changed.</exception>
    /// <exception cref="RegistryUnreachableException">It breaks something, and whether that is in use could not be asked; nothing was changed.</exception>
    public async Task<ApplyResult> ApplyAsync(DefinitionSet set, string principal, ApplyOptions options, CancellationToken cancellationToken)
    {
        await _applying.WaitAsync(cancellationToken);
        try
        {
            for (var attempt = 1; ; attempt++)
            {
                try
                {
                    return await TryApplyAsync(set, principal, options, cancellationToken);
                }
                catch (DbUpdateException error) when (attempt < MaxAttempts)
                {
                    LogConflict(attempt, error.InnerException?.Message ?? error.Message);
                }
            }
        }
        finally
        {
            _applying.Release();
        }
    }

    public void Dispose() => _applying.Dispose();

    private async Task<ApplyResult> TryApplyAsync(DefinitionSet set, string principal, ApplyOptions options, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var state = await context.CatalogStates.SingleOrDefaultAsync(cancellationToken);
        var stored = await context.Definitions.AsNoTracking().ToListAsync(cancellationToken);
        var revision = state?.Revision ?? 0;
        var before = CatalogBuilder.Build(revision, stored);
        set = options.Prune ? Pruning.Of(set, before) : set;
        var errors = DefinitionValidator.Validate(before, set);
        if (errors.Count > 0)
        {
            throw new InvalidDefinitionsException(errors);
        }

        var plan = ApplyPlanner.Plan(set, stored, revision + 1);
        var breaks = await liveUse.JudgeAsync(before, ServiceNeeds.Broken(before, plan.After), refuse: !options.Force && !options.PlanOnly, cancellationToken);
        if (plan.Added.Count == 0 || options.PlanOnly)
        {
            return new ApplyResult(revision, plan.Changes, breaks.Count == 0 ? null : breaks);
        }

        if (state is null)
        {
            context.CatalogStates.Add(state = new CatalogStateRow { Revision = revision + 1 });
        }

        state.Revision = revision + 1;
        context.Definitions.AddRange(plan.Added);
        context.Applies.Add(new ApplyRow
        {
            Revision = revision + 1,
            AppliedAtUs = UnixTime.Microseconds(time.GetUtcNow()),
            AppliedBy = principal,
            Plan = JsonSerializer.Serialize(plan.Changes, DefinitionsJson.Default.IReadOnlyListPlannedChange),
        });
        await context.SaveChangesAsync(cancellationToken);
        Publish(plan.After);
        LogApplied(revision + 1, plan.Added.Count, principal);
        return new ApplyResult(revision + 1, plan.Changes, breaks.Count == 0 ? null : breaks);
    }

    /// <summary>An older catalog never replaces a newer one.</summary>
    private void Publish(Catalog catalog)
    {
        while (_current is var current && catalog.Revision > current.Revision)
        {
            if (Interlocked.CompareExchange(ref _current, catalog, current) == current)
            {
                return;
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Catalog revision {Revision}: {Changes} definitions created, updated or deleted by {Principal}")]
    private partial void LogApplied(long revision, int changes, string principal);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Apply attempt {Attempt} lost a race: {Reason}")]
    private partial void LogConflict(int attempt, string reason);
}

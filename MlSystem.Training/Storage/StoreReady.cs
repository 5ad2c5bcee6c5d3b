using Microsoft.EntityFrameworkCore;
using MlSystem.ServiceDefaults.Startup;
using MlSystem.Training.Runs;

namespace MlSystem.Training.Storage;

/// <summary>
/// The last start-up task: the schema is there, loops may begin. On the embedded database, which only this process uses,
/// runs that a crash interrupted are free at once.
/// </summary>
public sealed class StoreReady(IDbContextFactory<TrainingContext> contexts, RunQueue queue) : IStartupTask
{
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Name => "runs";

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        if (context is SqliteTrainingContext)
        {
            await queue.ExpireAllAsync(cancellationToken);
        }

        _ready.TrySetResult();
    }

    /// <summary>Completes when the store may be used.</summary>
    public Task WaitAsync(CancellationToken cancellationToken) => _ready.Task.WaitAsync(cancellationToken);
}

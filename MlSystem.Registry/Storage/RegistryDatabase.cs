using Microsoft.EntityFrameworkCore;
using MlSystem.Registry.Audit;
using MlSystem.Registry.Events;
using MlSystem.Registry.Serving;
using MlSystem.Registry.Webhooks;

namespace MlSystem.Registry.Storage;

/// <summary>Reads, and writes that are one transaction each with their events and their entries in the audit.</summary>
internal sealed class RegistryDatabase(
    IDbContextFactory<RegistryContext> contexts, OutboxSignal outbox, WebhookSignal webhooks, EndpointChanges endpoints, IHttpContextAccessor http, TimeProvider time) : IDisposable
{
    private const int MaxAttempts = 10;
    private readonly SemaphoreSlim _writer = new(1);

    /// <summary>A context for reading; it tracks nothing.</summary>
    public RegistryContext Read()
    {
        var db = contexts.CreateDbContext();
        db.ChangeTracker.QueryTrackingBehavior = QueryTrackingBehavior.NoTracking;
        return db;
    }

    /// <summary>
    /// Runs a change in one transaction, again from the start when another writer came between (unique key, deadlock, lock time-out).
    /// When it returns, the change and its events are durable. Nothing is left of it when it throws.
    /// </summary>
    public async Task<T> WriteAsync<T>(Func<RegistryContext, Task<T>> change, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            await using var db = contexts.CreateDbContext();
            var single = db.SingleWriter;
            if (single)
            {
                await _writer.WaitAsync(cancellationToken);
            }

            try
            {
                return await CommitAsync(db, change, cancellationToken);
            }
            catch (Exception error) when (attempt < MaxAttempts && db.IsConflict(error))
            {
                // Another writer was first: what it wrote is visible to the next attempt.
            }
            finally
            {
                if (single)
                {
                    _writer.Release();
                }
            }
        }
    }

    public Task WriteAsync(Func<RegistryContext, Task> change, CancellationToken cancellationToken) =>
        WriteAsync(
            async db =>
            {
                await change(db);
                return true;
            },
            cancellationToken);

    public void Dispose() => _writer.Dispose();

    private async Task<T> CommitAsync<T>(RegistryContext db, Func<RegistryContext, Task<T>> change, CancellationToken cancellationToken)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var result = await change(db);
        await db.SaveChangesAsync(cancellationToken);
        await AuditChain.AppendAsync(db, Caller.Of(http.HttpContext), time.GetUtcNow(), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        if (db.Outbox.Local.Count > 0)
        {
            outbox.Wake();
        }

        if (db.WebhookDeliveries.Local.Count > 0)
        {
            webhooks.Wake();
        }

        if (db.EndpointRevisions.Local.Count > 0)
        {
            endpoints.Wake();
        }

        return result;
    }
}

using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using MlSystem.Registry.Artifacts;
using MlSystem.Registry.Storage;
using MlSystem.ServiceDefaults.Startup;
using MlSystem.ServiceDefaults.Storage;

namespace MlSystem.Registry.Audit;

/// <summary>
/// Keeps the end of the chain in a file beside the database, <c>audit.anchor</c> in the service's folder: who can change the database
/// alone can't cut the chain's end off or write the chain anew. The file never moves to a chain that does not go on from it.
/// </summary>
internal sealed partial class AuditAnchor(IServiceProvider services, DataDirectory data, StartupRunner startup, TimeProvider time, ILogger<AuditAnchor> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private readonly SemaphoreSlim _one = new(1);
    private AuditPoint? _refused;

    private string File => Path.Combine(data.Own, "audit.anchor");

    public async Task<AuditPoint?> ReadAsync(CancellationToken cancellationToken)
    {
        if (!System.IO.File.Exists(File))
        {
            return null;
        }

        await using var stream = System.IO.File.OpenRead(File);
        return await JsonSerializer.DeserializeAsync(stream, AuditJson.Default.AuditPoint, cancellationToken);
    }

    /// <summary>Moves the anchor to the present end; false when the chain does not go on from where the anchor is.</summary>
    public async Task<bool> MoveAsync(CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            return await MoveAloneAsync(cancellationToken);
        }
        finally
        {
            _one.Release();
        }
    }

    public override void Dispose()
    {
        _one.Dispose();
        base.Dispose();
    }

    private async Task<bool> MoveAloneAsync(CancellationToken cancellationToken)
    {
        await using var db = services.GetRequiredService<RegistryDatabase>().Read();
        var head = await db.AuditHeads.Select(h => new AuditPoint(h.Sequence, h.Hash)).FirstOrDefaultAsync(cancellationToken);
        var anchored = await ReadAsync(cancellationToken);
        if (head == anchored || (head is null or { Sequence: 0 } && anchored is null))
        {
            return true;
        }

        if (head is null || (anchored is not null && !(anchored.Sequence <= head.Sequence
            && await db.AuditEntries.AnyAsync(e => e.Sequence == anchored.Sequence && e.Hash == anchored.Hash, cancellationToken))))
        {
            return false;
        }

        Write(head);
        return true;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await startup.WaitUntilReadyAsync(stoppingToken);
        while (true)
        {
            try
            {
                await LookAsync(stoppingToken);
            }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
            {
                LogFailed(error.Message);
            }

            await Task.Delay(Interval, time, stoppingToken);
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        if (await MoveAsync(cancellationToken))
        {
            _refused = null;
        }
        else if (await ReadAsync(cancellationToken) is { } anchored && anchored != _refused)
        {
            _refused = anchored;
            LogBroken(anchored.Sequence);
        }
    }

    private void Write(AuditPoint point)
    {
        var temporary = File + ".new";
        using (var stream = new FileStream(temporary, FileMode.Create, FileAccess.Write))
        {
            JsonSerializer.Serialize(stream, point, AuditJson.Default.AuditPoint);
            stream.Flush(flushToDisk: true);
        }

        System.IO.File.Move(temporary, File, overwrite: true);
        DurableFolder.Flush(data.Own);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Anchoring the audit failed: {Reason}")]
    private partial void LogFailed(string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "The audit does not go on from entry {Sequence}, where it is anchored: it was changed behind the registry's back, or the database was restored. GET /api/audit/verify tells more")]
    private partial void LogBroken(long sequence);
}

using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using MlSystem.Contracts;
using MlSystem.Registry.Events;
using MlSystem.Registry.Models;
using MlSystem.Registry.Storage;
using MlSystem.Registry.Validation.Graphs;
using MlSystem.ServiceDefaults.Startup;

namespace MlSystem.Registry.Validation;

/// <summary>
/// Takes pending versions one after the other through the validation and records the verdict. A version is claimed for a while,
/// so that replicas don't do the same work; a claim whose owner died runs out and the version is taken up again.
/// </summary>
internal sealed partial class Validator(
    RegistryDatabase database, ModelCheck check, GraphValidation graphs, ValidationSignal signal, IOptions<ValidationOptions> options, StartupRunner startup, TimeProvider time, ILogger<Validator> logger) : BackgroundService
{
    private static readonly Caller System = new("registry", "");
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ClaimMargin = TimeSpan.FromSeconds(30);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await startup.WaitUntilReadyAsync(stoppingToken);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                while (await ClaimAsync(stoppingToken) is { } version)
                {
                    await ValidateAsync(version, stoppingToken);
                }
            }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
            {
                LogFailed(error.Message);
            }

            using var woken = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
            await Task.WhenAny(signal.WaitAsync(woken.Token), Task.Delay(LookInterval, time, woken.Token));
            await woken.CancelAsync();
        }
    }

    private async Task<ModelVersion?> ClaimAsync(CancellationToken cancellationToken)
    {
        await using var read = database.Read();
        var now = time.GetUtcNow();
        // SQLite belongs to this process: a claim found there at the start is that of a killed predecessor.
        var expired = read.SingleWriter ? long.MaxValue : now.ToUnixTimeMilliseconds();
        var next = await read.Versions.Where(v => v.Status == VersionStatus.Pending && v.ValidationClaimedUntil < expired)
            // Those that were claimed before come last: what fails again and again does not hold up the others.
            .OrderBy(v => v.ValidationClaimedUntil).ThenBy(v => v.CreationTime).ThenBy(v => v.ModelId).ThenBy(v => v.Version).FirstOrDefaultAsync(cancellationToken);
        if (next is null)
        {
            return null;
        }

        var until = now.AddSeconds(options.Value.TimeoutSeconds).Add(ClaimMargin).ToUnixTimeMilliseconds();
        var claimed = await database.WriteAsync(
            db =>
            {
                db.Audit.PassNext();
                return db.Versions.Where(v => v.ModelId == next.ModelId && v.Version == next.Version && v.Status == VersionStatus.Pending && v.ValidationClaimedUntil == next.ValidationClaimedUntil)
                    .ExecuteUpdateAsync(v => v.SetProperty(x => x.ValidationClaimedUntil, until), cancellationToken);
            },
            cancellationToken);
        return claimed == 1 ? next : null;
    }

    private async Task ValidateAsync(ModelVersion version, CancellationToken cancellationToken)
    {
        IReadOnlyList<ManifestFile> files;
        await using (var db = database.Read())
        {
            files = await db.VersionFiles.Where(f => f.ModelId == version.ModelId && f.Version == version.Version)
                .Select(f => new ManifestFile { Path = f.Path, Sha256 = f.Sha256, SizeBytes = f.SizeBytes }).ToListAsync(cancellationToken);
        }

        if (await VerdictAsync(version, files, cancellationToken) is { } verdict)
        {
            await RecordAsync(version, verdict, cancellationToken);
        }
        else
        {
            await PostponeAsync(version, cancellationToken);
        }
    }

    /// <summary>Null while it waits for another version's verdict.</summary>
    private async Task<ProbeVerdict?> VerdictAsync(ModelVersion version, IReadOnlyList<ManifestFile> files, CancellationToken cancellationToken) =>
        files.FirstOrDefault(file => file.Path == ModelFiles.Ensemble) is { } graph
            ? await graphs.RunAsync(version, graph, cancellationToken)
            : await check.RunAsync(files, cancellationToken);

    /// <summary>Gives the claim back soon. Where this process alone validates, the order of the claims does it: the others come first.</summary>
    private async Task PostponeAsync(ModelVersion version, CancellationToken cancellationToken)
    {
        await using var read = database.Read();
        if (!read.SingleWriter)
        {
            var until = time.GetUtcNow().Add(LookInterval).ToUnixTimeMilliseconds();
            await database.WriteAsync(
                db =>
                {
                    db.Audit.PassNext();
                    return db.Versions.Where(v => v.ModelId == version.ModelId && v.Version == version.Version && v.Status == VersionStatus.Pending)
                        .ExecuteUpdateAsync(v => v.SetProperty(x => x.ValidationClaimedUntil, until), cancellationToken);
                },
                cancellationToken);
        }
    }

    private async Task RecordAsync(ModelVersion version, ProbeVerdict verdict, CancellationToken cancellationToken)
    {
        var name = await database.WriteAsync(
            async db =>
            {
                var now = time.GetUtcNow();
                var model = await VersionStore.LockModelAsync(db, (await db.Models.AsNoTracking().FirstAsync(m => m.ModelId == version.ModelId, cancellationToken)).Name, now, cancellationToken);
                var row = await ModelReader.VersionAsync(db, model, version.Version, cancellationToken);
                row.Signature ??= verdict.Signature is null ? null : JsonSerializer.Serialize(verdict.Signature, ContractsJson.Default.ModelSignature);
                if (row.Status == VersionStatus.Pending)
                {
                    row.Status = verdict.Servable ? VersionStatus.Servable : VersionStatus.Refused;
                    row.Reason = verdict.Reason;
                    row.LastUpdatedTime = now.ToUnixTimeMilliseconds();
                    db.Emit(model.Name, Change.By(System, now, RegistryChange.VersionValidated) with { Model = model.Name, Version = version.Version });
                }

                return model.Name;
            },
            cancellationToken);
        LogValidated(name, version.Version, verdict.Reason ?? "servable");
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Version {Version} of {Model}: {Verdict}")]
    private partial void LogValidated(string model, int version, string verdict);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Validating failed: {Reason}; the version stays pending")]
    private partial void LogFailed(string reason);
}

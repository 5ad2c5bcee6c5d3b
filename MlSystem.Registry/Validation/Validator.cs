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
/// Takes pending versions through the validation, several at a time (<see cref="ValidationOptions.MaxConcurrent"/>), and records the
/// verdicts. Which comes next says <see cref="ValidationQueue"/>.
/// </summary>
internal sealed partial class Validator(
    RegistryDatabase database, ValidationQueue queue, ModelCheck check, GraphValidation graphs, ValidationSignal signal, IOptions<ValidationOptions> options, StartupRunner startup, TimeProvider time, ILogger<Validator> logger) : BackgroundService
{
    private static readonly Caller System = new("registry", "");
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    /// <summary>Validations under way, with the id of the model. Only the loop touches it.</summary>
    private readonly Dictionary<Task, long> _running = [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await startup.WaitUntilReadyAsync(stoppingToken);
        try
        {
            var forgotten = false;
            while (!stoppingToken.IsCancellationRequested)
            {
                try
                {
                    if (!forgotten)
                    {
                        await queue.ForgetClaimsAsync(stoppingToken);
                        forgotten = true;
                    }

                    await FillAsync(stoppingToken);
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
        finally
        {
            // They are cancelled too: their children are killed before the registry ends.
            await Task.WhenAll(_running.Keys);
        }
    }

    /// <summary>Starts validations until none waits or as many run as may.</summary>
    private async Task FillAsync(CancellationToken cancellationToken)
    {
        foreach (var ended in _running.Keys.Where(t => t.IsCompleted).ToList())
        {
            _running.Remove(ended);
        }

        while (_running.Count < options.Value.MaxConcurrent && await queue.ClaimAsync(_running.Values, cancellationToken) is { } version)
        {
            _running.Add(RunAsync(version, cancellationToken), version.ModelId);
        }
    }

    private async Task RunAsync(ModelVersion version, CancellationToken cancellationToken)
    {
        // What the loop holds is not run in its place.
        await Task.Yield();
        try
        {
            await ValidateAsync(version, cancellationToken);
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            LogFailed(error.Message);
            await PostponeAsync(version, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // The registry stops; the next start takes the version up again.
        }
        finally
        {
            signal.Wake();
        }
    }

    /// <summary>After a failure, that of the database maybe: then the claim runs out by itself.</summary>
    private async Task PostponeAsync(ModelVersion version, CancellationToken cancellationToken)
    {
        try
        {
            await queue.PostponeAsync(version, cancellationToken);
        }
        catch (Exception error)
        {
            LogFailed(error.Message);
        }
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
            await queue.PostponeAsync(version, cancellationToken);
        }
    }

    /// <summary>Null while it waits for another version's verdict.</summary>
    private async Task<ProbeVerdict?> VerdictAsync(ModelVersion version, IReadOnlyList<ManifestFile> files, CancellationToken cancellationToken) =>
        files.FirstOrDefault(file => file.Path == ModelFiles.Ensemble) is { } graph
            ? await graphs.RunAsync(version, graph, cancellationToken)
            : await check.RunAsync(files, cancellationToken);

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

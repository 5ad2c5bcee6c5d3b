using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.Options;
using MlSystem.Contracts;
using MlSystem.Inference.Batching;
using MlSystem.Inference.Features;
using MlSystem.Inference.Runtimes;

namespace MlSystem.Inference.Versions;

/// <summary>Takes a version from the registry to a warm session: describe, fetch, verify, load, compare, warm up.</summary>
public sealed partial class VersionLoader(RegistryClient registry, VersionTrust trust, ArtifactCache cache, RuntimeLoader runtimes, MemoryBudget budget, EngineHost engines, IOptions<RuntimeOptions> options, TimeProvider time, ILogger<VersionLoader> logger)
{
    /// <param name="largestBatch">Rows of the largest batch that its endpoints allow; 1 where they say nothing.</param>
    /// <param name="member">Loads a version that this one is made of, or finds it resident.</param>
    /// <exception cref="ModelRefusedException">It will not become right by trying again.</exception>
    /// <exception cref="MemoryBudgetException">There is no room for it now.</exception>
    /// <exception cref="HttpRequestException">The registry can't be reached now.</exception>
    public async Task<LoadedVersion> LoadAsync(VersionKey key, int largestBatch, Func<VersionKey, CancellationToken, Task<LoadedVersion>> member, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        var answer = await registry.GetVersionAsync(key, cancellationToken) ?? throw new VersionUnknownException(key);
        var manifest = Servable(answer);
        await trust.CheckAsync(answer, manifest, cancellationToken);
        var holdings = new List<IDisposable>();
        try
        {
            var room = await budget.ReserveAsync(key, VersionCost.Of(manifest), cancellationToken);
            holdings.Add(room);
            var folder = await cache.OpenAsync(key, manifest, cancellationToken);
            holdings.Insert(0, folder);
            var signature = await ReadAsync(folder, ModelFiles.Signature, ContractsJson.Default.ModelSignature, cancellationToken) ?? answer.Signature;
            var lineage = await ReadAsync(folder, ModelFiles.Lineage, ContractsJson.Default.ModelLineage, cancellationToken);
            var execution = Execution.Of(await ReadAsync(folder, ModelFiles.Execution, ContractsJson.Default.ExecutionSettings, cancellationToken), options.Value);
            var source = new ModelSignatureSource(signature, LookupColumns.Of(lineage));
            var loaded = await LoadAsync(new VersionFiles(key, folder.Files, source, execution, member), lineage, largestBatch, holdings, room, cancellationToken);
            var elapsed = time.GetElapsedTime(started);
            var oneRow = loaded.Profile.OneRow;
            LogLoaded(key.Model, key.Version, elapsed, oneRow);
            return loaded;
        }
        catch
        {
            holdings.ForEach(holding => holding.Dispose());
            throw;
        }
    }

    /// <summary>The manifest, if this version may be served at all.</summary>
    private static ModelManifest Servable(VersionAnswer answer) =>
        answer.Status == VersionAnswer.Servable && answer.Manifest is { } manifest
            ? manifest
            : throw new ModelRefusedException($"the registry has it as {answer.Status}{(answer.Reason is null ? "" : $": {answer.Reason}")}");

    private async Task<LoadedVersion> LoadAsync(
        VersionFiles files, ModelLineage? lineage, int largestBatch, List<IDisposable> holdings, MemoryBudget.Reservation room, CancellationToken cancellationToken)
    {
        var loaded = await runtimes.LoadAsync(files, cancellationToken);
        try
        {
            int[] batches = [.. files.Execution.WarmUpBatchSizes, largestBatch];
            var warmRun = await WarmUp.RunAsync(loaded.Runtime, batches, time, cancellationToken);
            var profile = await RowProbe.RunAsync(loaded.Runtime, warmRun, time, cancellationToken);
            room.Grow(VersionCost.OfTensors(loaded.Runtime, files.Execution, batches.Max()));
            return new LoadedVersion(files.Key, loaded.Runtime, files.Execution, lineage, profile, engines)
            {
                Signature = loaded.Signature, Members = loaded.Members, Files = files.Files, Holdings = holdings, Bytes = room.Bytes, Idle = budget.Pulse,
            };
        }
        catch
        {
            loaded.Runtime.Dispose();
            throw;
        }
    }

    private static async Task<T?> ReadAsync<T>(VersionFolder folder, string name, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class
    {
        if (!folder.Files.TryGetValue(name, out var path))
        {
            return null;
        }

        try
        {
            await using var stream = File.OpenRead(path);
            return await JsonSerializer.DeserializeAsync(stream, type, cancellationToken);
        }
        catch (JsonException error)
        {
            throw new ModelRefusedException($"{name} can't be read: {error.Message}", error);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Model} version {Version} is loaded and warm after {Elapsed}; a run on one row takes {WarmRun}")]
    private partial void LogLoaded(string model, int version, TimeSpan elapsed, TimeSpan warmRun);
}

/// <summary>The registry does not know this version.</summary>
public sealed class VersionUnknownException(VersionKey key) : Exception($"the registry has no version {key.Version} of model '{key.Model}'");

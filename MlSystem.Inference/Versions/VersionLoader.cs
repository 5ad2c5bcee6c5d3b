using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.Options;
using MlSystem.Contracts;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Runtimes;

namespace MlSystem.Inference.Versions;

/// <summary>Takes a version from the registry to a warm session: describe, fetch, verify, load, compare, warm up.</summary>
public sealed partial class VersionLoader(RegistryClient registry, ArtifactCache cache, RuntimeLoader runtimes, Executor executor, IOptions<RuntimeOptions> options, TimeProvider time, ILogger<VersionLoader> logger)
{
    /// <param name="member">Loads a version that this one is made of, or finds it resident.</param>
    /// <exception cref="ModelRefusedException">It will not become right by trying again.</exception>
    /// <exception cref="HttpRequestException">The registry can't be reached now.</exception>
    public async Task<LoadedVersion> LoadAsync(VersionKey key, Func<VersionKey, CancellationToken, Task<LoadedVersion>> member, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        var answer = await registry.GetVersionAsync(key, cancellationToken) ?? throw new VersionUnknownException(key);
        if (answer.Status != VersionAnswer.Servable || answer.Manifest is null)
        {
            throw new ModelRefusedException($"the registry has it as {answer.Status}{(answer.Reason is null ? "" : $": {answer.Reason}")}");
        }

        var files = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var file in answer.Manifest.Files)
        {
            files[file.Path] = await cache.GetAsync(key, file, cancellationToken);
        }

        var signature = await ReadAsync(files, ModelFiles.Signature, ContractsJson.Default.ModelSignature, cancellationToken) ?? answer.Signature;
        var lineage = await ReadAsync(files, ModelFiles.Lineage, ContractsJson.Default.ModelLineage, cancellationToken);
        var execution = Execution.Of(await ReadAsync(files, ModelFiles.Execution, ContractsJson.Default.ExecutionSettings, cancellationToken), options.Value);
        var source = new ModelSignatureSource(signature, lineage?.FeatureService is null ? [] : lineage.JoinKeys);
        var loaded = await LoadAsync(new VersionFiles(key, files, source, execution, member), lineage, cancellationToken);
        var elapsed = time.GetElapsedTime(started);
        LogLoaded(key.Model, key.Version, elapsed, loaded.WarmRun);
        return loaded;
    }

    private async Task<LoadedVersion> LoadAsync(VersionFiles files, ModelLineage? lineage, CancellationToken cancellationToken)
    {
        var loaded = await runtimes.LoadAsync(files, cancellationToken);
        try
        {
            var warmRun = await WarmUp.RunAsync(loaded.Runtime, files.Execution.WarmUpBatchSizes, time, cancellationToken);
            return new LoadedVersion(files.Key, loaded.Runtime, files.Execution, lineage, warmRun, executor) { Signature = loaded.Signature, Members = loaded.Members, Files = files.Files };
        }
        catch
        {
            loaded.Runtime.Dispose();
            throw;
        }
    }

    private static async Task<T?> ReadAsync<T>(Dictionary<string, string> files, string name, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class
    {
        if (!files.TryGetValue(name, out var path))
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

using System.Globalization;
using Microsoft.Extensions.Options;
using MlSystem.Contracts;
using MlSystem.Inference.Metrics;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Protocols.Rest;
using MlSystem.Inference.Routing;
using MlSystem.Inference.Runtimes;
using MlSystem.Inference.Versions;
using MlSystem.ServiceDefaults.Startup;

namespace MlSystem.Inference.Repository;

/// <summary>What this replica can serve: metadata, readiness, index, statistics, load and unload. REST and gRPC both answer from here.</summary>
public sealed partial class ModelRepository(
    ServingState state, ResidentVersions residents, Router router, RegistryClient registry, InferenceMetrics metrics, StartupRunner startup,
    IOptions<RoutingOptions> options, TimeProvider time, ILogger<ModelRepository> logger)
{
    public const string ServerName = "mlsystem-inference";

    /// <summary>Protocol extensions of this server.</summary>
    public static IReadOnlyList<string> Extensions { get; } =
        ["binary_tensor_data", "model_repository", "statistics", "parameters", "feedback", "feature_lookup", "policy", "explain"];

    /// <summary>Whether start-up is complete: the registry was asked and the endpoints' models are warm.</summary>
    public bool IsReady => startup.IsReady;

    /// <exception cref="InferenceException">No such endpoint or version.</exception>
    public async Task<ModelDescription> DescribeAsync(string endpoint, string? version, CancellationToken cancellationToken)
    {
        var routed = await router.RouteAsync(endpoint, version, default, cancellationToken);
        if (routed.Variant is null)
        {
            throw new InferenceException(routed.Fault!);
        }

        try
        {
            return ModelDescription.Of(routed.Route!, routed.Variant);
        }
        finally
        {
            routed.Variant.Version.Release();
        }
    }

    /// <summary>Whether a request to the endpoint (or to one version) would be answered, if need be after a load; does not load anything.</summary>
    /// <exception cref="InferenceException">No such endpoint.</exception>
    public bool IsModelReady(string endpoint, string? version)
    {
        var route = state.Table.Endpoints.GetValueOrDefault(endpoint);
        if (string.IsNullOrEmpty(version))
        {
            return route is null
                ? throw new InferenceException(FaultKind.NotFound, $"there is no endpoint '{endpoint}'")
                : route.Live.Count > 0 || route.IsAsleep;
        }

        return route?.Live.Any(live => live.Version.VersionText == version) == true
            || (route is { IsAsleep: true } && route.Wanted.Variants.Any(variant => variant.Version.ToString(CultureInfo.InvariantCulture) == version))
            || residents.Ready.Any(ready => ready.Key.Model == endpoint && ready.VersionText == version);
    }

    /// <summary>Every version of every endpoint and what else is resident, with the reason where it is not served.</summary>
    public IReadOnlyList<IndexEntry> Index(bool readyOnly)
    {
        var entries = state.Table.Endpoints.Values.SelectMany(Entries).ToList();
        var listed = state.Table.Endpoints.Values.SelectMany(route => route.Live.Concat(route.Shadows)).Select(live => live.Version.Key).ToHashSet();
        entries.AddRange(residents.Ready.Where(version => !listed.Contains(version.Key)).Select(Entry));
        return [.. entries.Distinct().Where(entry => !readyOnly || entry.State == IndexEntry.Ready).OrderBy(entry => entry.Name, StringComparer.Ordinal).ThenBy(entry => entry.Version, StringComparer.Ordinal)];
    }

    /// <summary>Statistics by version, of one endpoint or all, since the process began.</summary>
    /// <exception cref="InferenceException">No such endpoint or version.</exception>
    public IReadOnlyList<OipModelStatistics> Statistics(string? endpoint, string? version)
    {
        var found = metrics.All
            .Where(s => (string.IsNullOrEmpty(endpoint) || s.Endpoint == endpoint) && (string.IsNullOrEmpty(version) || s.Version == version))
            .GroupBy(s => (s.Endpoint, s.Version))
            .OrderBy(group => group.Key)
            .Select(OipModelStatistics.From)
            .ToList();
        return found.Count > 0 || string.IsNullOrEmpty(endpoint)
            ? found
            : throw new InferenceException(FaultKind.NotFound, $"there is no endpoint '{endpoint}'{(string.IsNullOrEmpty(version) ? "" : $" with a version {version}")}");
    }

    /// <summary>Completes when the endpoint (or the newest servable version of the registered model) is loaded and warm.</summary>
    /// <exception cref="InferenceException">It can't be loaded, and why.</exception>
    public async Task LoadAsync(string name, CancellationToken cancellationToken)
    {
        if (await state.LoadAsync(name, cancellationToken))
        {
            var route = state.Table.Endpoints[name];
            if (route.Live.Count == 0 || route.Problems.Count > 0)
            {
                throw InferenceException.Invalid($"'{name}' is not wholly loaded: {string.Join("; ", route.Problems.Values.DefaultIfEmpty("others took its room in memory"))}");
            }

            return;
        }

        try
        {
            var newest = await registry.NewestServableAsync(name, cancellationToken)
                ?? throw new InferenceException(FaultKind.NotFound, $"there is neither an endpoint nor a servable version of a model '{name}'");
            await state.GetExtraAsync(new VersionKey(name, newest), cancellationToken);
        }
        catch (Exception error) when (error is ModelRefusedException or VersionUnknownException)
        {
            throw new InferenceException(FaultKind.InvalidArgument, $"'{name}' can't be loaded: {error.Message}", error);
        }
        catch (MemoryBudgetException error)
        {
            throw InferenceException.Unavailable($"'{name}' can't be loaded: {error.Message}", error);
        }
        catch (Exception error) when (error is not (OperationCanceledException or InferenceException))
        {
            throw InferenceException.Unavailable($"'{name}' can't be loaded: the registry can't be reached ({error.Message})", error);
        }
    }

    /// <summary>
    /// Completes when the endpoint (or what was loaded directly of a registered model) gets no more requests on this replica and the
    /// versions that nothing else needs are freed.
    /// </summary>
    /// <exception cref="InferenceException">There is no such endpoint, or a request under way holds a version longer than <see cref="RoutingOptions.UnloadWaitSeconds"/>.</exception>
    public async Task UnloadAsync(string name, CancellationToken cancellationToken)
    {
        var before = residents.Ready.ToList();
        if (!state.Unload(name))
        {
            throw new InferenceException(FaultKind.NotFound, $"there is neither an endpoint '{name}' nor a loaded version of a model of that name");
        }

        var after = residents.Ready.ToHashSet();
        var freed = Task.WhenAll(before.Where(version => !after.Contains(version)).Select(version => version.Freed));

        // A request that hangs keeps its version; whoever unloads must not hang with it.
        try
        {
            await freed.WaitAsync(TimeSpan.FromSeconds(options.Value.UnloadWaitSeconds), time, cancellationToken);
        }
        catch (TimeoutException error)
        {
            LogStillInUse(name, options.Value.UnloadWaitSeconds);
            throw new InferenceException(
                FaultKind.DeadlineExceeded, $"'{name}' gets no more requests, but those under way still hold its memory after {options.Value.UnloadWaitSeconds} s: it is freed with the last of them", error);
        }
    }

    /// <summary>What is served, with the reason where a newer revision is not; then what the registry wants and is not served.</summary>
    private static IEnumerable<IndexEntry> Entries(EndpointRoute route)
    {
        var whole = route.Problems.GetValueOrDefault("");
        var served = route.Live.Concat(route.Shadows).ToList();
        foreach (var variant in served)
        {
            yield return new IndexEntry(
                route.Name, variant.Version.VersionText, IndexEntry.Ready, whole ?? route.Problems.GetValueOrDefault(variant.Name) ?? route.PolicyProblem ?? "");
        }

        foreach (var variant in route.Wanted.Variants.Where(variant => !served.Exists(live => Serves(live, variant))))
        {
            var reason = route.IsAsleep ? "not in memory: the first request loads it" : route.Problems.GetValueOrDefault(variant.Name) ?? whole;
            yield return new IndexEntry(route.Name, variant.Version.ToString(CultureInfo.InvariantCulture), reason is null ? IndexEntry.Loading : IndexEntry.Unavailable, reason ?? "");
        }
    }

    private IndexEntry Entry(LoadedVersion resident)
    {
        var reason = state.WhyOut(resident.Key);
        return new IndexEntry(resident.Key.Model, resident.VersionText, reason is null ? IndexEntry.Ready : IndexEntry.Unavailable, reason ?? "");
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Endpoint} is unloaded; its versions are still in use after {Seconds} s and are freed with their last request")]
    private partial void LogStillInUse(string endpoint, int seconds);

    private static bool Serves(RoutedVariant live, EndpointVariant variant) =>
        live.Name == variant.Name && live.Version.Key == new VersionKey(variant.Model, variant.Version);
}

/// <summary>One line of the repository index.</summary>
/// <param name="State"><c>READY</c>, <c>LOADING</c> or <c>UNAVAILABLE</c>.</param>
public sealed record IndexEntry(string Name, string Version, string State, string Reason)
{
    internal const string Ready = "READY";
    internal const string Loading = "LOADING";
    internal const string Unavailable = "UNAVAILABLE";
}

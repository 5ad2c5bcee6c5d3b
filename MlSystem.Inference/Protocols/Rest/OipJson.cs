using System.Text.Json.Serialization;
using MlSystem.Inference.Metrics;
using MlSystem.Inference.Repository;

namespace MlSystem.Inference.Protocols.Rest;

/// <summary><c>GET /v2</c>.</summary>
public sealed record OipServer(string Name, string Version, IReadOnlyList<string> Extensions);

/// <summary><c>GET /v2/health/…</c>; exactly one is set.</summary>
public sealed record OipHealth(bool? Live = null, bool? Ready = null);

/// <summary><c>GET /v2/models/{m}/ready</c>.</summary>
public sealed record OipModelReady(string Name, bool Ready);

/// <summary>The body of <c>POST /v2/repository/index</c>.</summary>
public sealed record OipIndexRequest(bool Ready = false);

/// <summary>The body of <c>POST /v2/repository/models/{m}/load|unload</c>.</summary>
public sealed record OipLoadRequest(IReadOnlyDictionary<string, System.Text.Json.JsonElement>? Parameters = null);

/// <summary>The statistics extension's answer.</summary>
public sealed record OipStatistics(IReadOnlyList<OipModelStatistics> ModelStats);

/// <summary>Statistics of one version; counts since the process began.</summary>
public sealed record OipModelStatistics
{
    public required string Name { get; init; }

    public required string Version { get; init; }

    /// <summary>Milliseconds since 1970.</summary>
    public required long LastInference { get; init; }

    public required long InferenceCount { get; init; }

    public required long ExecutionCount { get; init; }

    public required OipInferenceStatistics InferenceStats { get; init; }

    /// <summary>Runs by their number of rows.</summary>
    public required IReadOnlyList<OipBatchStatistics> BatchStats { get; init; }

    public static OipModelStatistics From(IEnumerable<VariantStatistics> variants)
    {
        var all = variants.ToList();
        return new OipModelStatistics
        {
            Name = all[0].Endpoint,
            Version = all[0].Version,
            LastInference = all.Max(s => s.LastInferenceMs),
            InferenceCount = all.Sum(s => s.Inferences),
            ExecutionCount = all.Sum(s => s.Runs.Runs),
            InferenceStats = OipInferenceStatistics.From(all),
            BatchStats = [.. all.SelectMany(s => s.Runs.ByRows()).GroupBy(size => size.Rows).OrderBy(size => size.Key).Select(OipBatchStatistics.From)],
        };
    }
}

/// <summary>Counts with cumulated nanoseconds.</summary>
public sealed record OipInferenceStatistics(
    OipDuration Success, OipDuration Fail, OipDuration Queue, OipDuration ComputeInput, OipDuration ComputeInfer, OipDuration ComputeOutput, OipDuration CacheHit, OipDuration CacheMiss)
{
    public static OipInferenceStatistics From(IReadOnlyCollection<VariantStatistics> all)
    {
        var success = all.Sum(s => s.Success);
        return new OipInferenceStatistics(
            new(success, all.Sum(s => s.RequestNs)), new(all.Sum(s => s.Failures), all.Sum(s => s.FailureNs)), new(success, all.Sum(s => s.QueueNs)),
            new(success, all.Sum(s => s.InputNs)), new(success, all.Sum(s => s.InferNs)), new(success, all.Sum(s => s.OutputNs)), new(all.Sum(s => s.CacheHits), all.Sum(s => s.CacheHitNs)), new(all.Sum(s => s.CacheMisses), all.Sum(s => s.CacheMissNs)));
    }
}

/// <summary>Runs on one number of rows; numbers above 256 are rounded up to a power of two.</summary>
public sealed record OipBatchStatistics(long BatchSize, OipDuration ComputeInput, OipDuration ComputeInfer, OipDuration ComputeOutput)
{
    /// <summary>Reading inputs and writing outputs is done for each request by itself: their times are in the inference statistics.</summary>
    public static OipBatchStatistics From(IGrouping<int, (int Rows, long Runs, long Nanoseconds)> size)
    {
        var runs = size.Sum(s => s.Runs);
        return new OipBatchStatistics(size.Key, new(runs, 0), new(runs, size.Sum(s => s.Nanoseconds)), new(runs, 0));
    }
}

/// <summary>How often, and nanoseconds in sum.</summary>
public sealed record OipDuration(long Count, long Ns);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(OipServer))]
[JsonSerializable(typeof(OipHealth))]
[JsonSerializable(typeof(OipModelReady))]
[JsonSerializable(typeof(ModelDescription))]
[JsonSerializable(typeof(OipIndexRequest))]
[JsonSerializable(typeof(OipLoadRequest))]
[JsonSerializable(typeof(IReadOnlyList<IndexEntry>))]
[JsonSerializable(typeof(OipStatistics))]
internal sealed partial class OipJson : JsonSerializerContext;

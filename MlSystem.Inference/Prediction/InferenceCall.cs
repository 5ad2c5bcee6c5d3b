using System.Diagnostics;
using MlSystem.Contracts;
using MlSystem.Inference.Routing;
using MlSystem.Inference.Runtimes;
using MlSystem.Inference.Tensors;

namespace MlSystem.Inference.Prediction;

/// <summary>One request on its way through the server. Protocol adapters fill and read it; <see cref="Predictor"/> moves it on.</summary>
public sealed class InferenceCall
{
    public required EndpointRoute Route { get; set; }

    /// <summary>The chosen variant, whose version this call holds a lease on.</summary>
    public required RoutedVariant Variant { get; set; }

    /// <summary>Whether <see cref="Variant"/> stands in until the inputs are read and choose.</summary>
    public bool AwaitsInputs { get; set; }

    public required TensorSet Tensors { get; set; }

    /// <summary>UUIDv7 made by the server; its last 16 bits are the variant's tag.</summary>
    public required string RequestId { get; set; }

    /// <summary>One of <see cref="VariantRole"/>: whether this answers a caller or mirrors a request.</summary>
    public string Role { get; init; } = VariantRole.Live;

    /// <summary>Of a shadow call: the request id of the live call that it mirrors. Its own request id is another.</summary>
    public string? PairedRequestId { get; init; }

    /// <summary>The span of the request; null where nobody collects it.</summary>
    public Activity? Trace { get; init; }

    public required DateTimeOffset Time { get; init; }

    /// <summary>Timestamps of the injected time provider.</summary>
    public required long Started { get; init; }

    public long InputsRead { get; set; }

    public long FeaturesRead { get; set; }

    public long RunStarted { get; set; }

    public long RunEnded { get; set; }

    /// <summary>The client's id, echoed.</summary>
    public string? ClientId { get; set; }

    /// <summary>The request's own time limit; null leaves the endpoint's.</summary>
    public TimeSpan? Timeout { get; set; }

    /// <summary>How long the caller waits at most, which makes the limit shorter and never longer; null: the adapter cancels when that is over.</summary>
    public TimeSpan? Patience { get; set; }

    /// <summary>1 goes first; 0, and a number beyond the model's <c>batching.priority_levels</c>, is its default level.</summary>
    public long Priority { get; set; }

    /// <summary>Reads parameters that only some paths know, such as those of explanations; null: there are none.</summary>
    internal IRequestParameters? Extra { get; set; }

    /// <summary>Which outputs the caller wants, in its order; null: all.</summary>
    public List<RequestedOutput>? Requested { get; set; }

    /// <summary>Whether outputs without a word of their own go as binary data.</summary>
    public bool BinaryOutputs { get; set; }

    public int Rows { get; set; } = 1;

    /// <summary>Inputs that the request left out: they come from the feature store, or from defaults where it has no value.</summary>
    public IReadOnlyCollection<Tensor> LookedUp { get; set; } = [];

    /// <summary>Age of the oldest feature that was looked up.</summary>
    public double? OldestFeatureAgeSeconds { get; set; }

    /// <summary>Looked-up values (row × feature) that the feature store did not have: null, too old or of an unknown entity.</summary>
    public int FeaturesMissing { get; set; }

    /// <summary>Inputs of which the endpoint's default took the place of a looked-up value.</summary>
    public IReadOnlyList<string> FeaturesDefaulted { get; set; } = [];

    /// <summary>Whether the outputs are those of an equal request, from the endpoint's cache.</summary>
    public bool FromCache { get; set; }

    /// <summary>Rows whose look-up found no feature of any kind: the feature store does not know the entity.</summary>
    public int EntitiesNotFound { get; set; }

    /// <summary>Latency as the prediction log tells it.</summary>
    public TimeSpan Latency { get; set; }

    /// <summary>Gives the tensors and the lease on the version back.</summary>
    public void Release()
    {
        if (Tensors.IsPooled)
        {
            Variant.Version.Runtime.Return(Tensors);
        }
        else
        {
            Tensors.Dispose();
        }

        Variant.Version.Release();
    }

    /// <summary>All outputs, or the requested ones.</summary>
    public int OutputCount => Requested?.Count ?? Tensors.Outputs.Length;

    /// <summary>The <paramref name="position"/>th output of the answer.</summary>
    public OutputSelection Output(int position) => 
        Requested is null ? new OutputSelection(position, BinaryOutputs) : new OutputSelection(Requested[position].Index, Requested[position].Binary ?? BinaryOutputs);
}

/// <summary>An output that the request names.</summary>
/// <param name="Index">Its place among the model's outputs.</param>
/// <param name="Binary">Null: as the request says for all.</param>
public readonly record struct RequestedOutput(int Index, bool? Binary);

/// <summary>An output that goes into the answer.</summary>
/// <param name="Index">Its place among the model's outputs.</param>
/// <param name="Binary">As binary data rather than JSON.</param>
public readonly record struct OutputSelection(int Index, bool Binary);

/// <summary>A call, or why there is none.</summary>
public readonly record struct Begun(InferenceCall? Call, Fault? Fault);

/// <summary>Parameters of a JSON request beyond those of every inference request.</summary>
internal interface IRequestParameters
{
    /// <summary>Reads the value that the reader stands at; false when the name is none of these parameters.</summary>
    bool TryRead(string name, ref System.Text.Json.Utf8JsonReader json);
}

using MlSystem.Inference.Policies;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Routing;
using MlSystem.Inference.Runtimes;

namespace MlSystem.Inference.Shadowing;

/// <summary>A live request's inputs in the tensors of a shadow version, whose lease it holds, with the live answer to compare.</summary>
internal sealed record ShadowCopy
{
    public required EndpointRoute Route { get; init; }

    public required RoutedVariant Shadow { get; init; }

    public required TensorSet Tensors { get; init; }

    public required ComparableAnswer Live { get; init; }

    public required string LiveRequestId { get; init; }

    public string? ClientId { get; init; }

    /// <summary>Null when the shadow's version is about to leave memory.</summary>
    /// <exception cref="InferenceException">The shadow does not take these inputs.</exception>
    public static ShadowCopy? Of(InferenceCall live, RoutedVariant shadow)
    {
        if (!shadow.Version.TryAcquire())
        {
            return null;
        }

        var copy = new ShadowCopy
        {
            Route = live.Route,
            Shadow = shadow,
            Tensors = shadow.Version.Runtime.Rent(),
            Live = ComparableAnswer.Of(live.Tensors),
            LiveRequestId = live.RequestId,
            ClientId = live.ClientId,
        };
        try
        {
            InputMove.Copy(live.Tensors, copy.Tensors, skip: SameFeatures(live, shadow) ? null : input => live.LookedUp.Contains(input));
            return copy;
        }
        catch
        {
            copy.Release();
            throw;
        }
    }

    /// <summary>The call that runs it. Its id is another than the live one's and carries the shadow's tag.</summary>
    public InferenceCall Begin(TimeProvider time)
    {
        var now = time.GetUtcNow();
        return new InferenceCall
        {
            Route = Route,
            Variant = Shadow,
            Tensors = Tensors,
            RequestId = RequestIds.Next(now, Shadow.Tag),
            Role = Contracts.VariantRole.Shadow,
            PairedRequestId = LiveRequestId,
            ClientId = ClientId,
            Time = now,
            Started = time.GetTimestamp(),
        };
    }

    public void Release()
    {
        Shadow.Version.Runtime.Return(Tensors);
        Shadow.Version.Release();
    }

    /// <summary>Whether a feature that was looked up for the live version is the one that the shadow would look up.</summary>
    private static bool SameFeatures(InferenceCall live, RoutedVariant shadow) =>
        live.Variant.Version.Lineage?.FeatureService == shadow.Version.Lineage?.FeatureService
        && live.Variant.Version.Lineage?.FeatureServiceVersion == shadow.Version.Lineage?.FeatureServiceVersion;
}

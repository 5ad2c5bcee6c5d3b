using System.Runtime.InteropServices;
using MlSystem.Contracts;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Tensors;
using MlSystem.Inference.Versions;
using Endpoint = MlSystem.Contracts.Endpoint;

namespace MlSystem.Inference.PredictionLog;

/// <summary>What the prediction log takes of an answered call. It is read before <see cref="PredictionLogger.Log(in AnsweredCall)"/> returns, and nothing of it is kept but texts.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly struct AnsweredCall
{
    /// <summary>The revision that was served: a change of the endpoint makes another object.</summary>
    public required Endpoint Endpoint { get; init; }

    public required VersionKey Version { get; init; }

    public required string Variant { get; init; }

    /// <summary>One of <see cref="VariantRole"/>.</summary>
    public required string Role { get; init; }

    /// <summary>UUIDv7 made by the server.</summary>
    public required string RequestId { get; init; }

    /// <summary>Role shadow: the request id of the live call that it mirrors.</summary>
    public string? PairedRequestId { get; init; }

    /// <summary>The client's id.</summary>
    public string? ClientId { get; init; }

    public required DateTimeOffset Time { get; init; }

    public required TimeSpan Latency { get; init; }

    /// <summary>Age of the oldest feature that was looked up.</summary>
    public double? OldestFeatureAgeSeconds { get; init; }

    public required int Rows { get; init; }

    public required Tensor[] Inputs { get; init; }

    public required Tensor[] JoinKeys { get; init; }

    public required Tensor[] Outputs { get; init; }

    internal static AnsweredCall Of(InferenceCall call) => new()
    {
        Endpoint = call.Route.Endpoint,
        Version = call.Variant.Version.Key,
        Variant = call.Variant.Name,
        Role = call.Role,
        RequestId = call.RequestId,
        PairedRequestId = call.PairedRequestId,
        ClientId = call.ClientId,
        Time = call.Time,
        Latency = call.Latency,
        OldestFeatureAgeSeconds = call.OldestFeatureAgeSeconds,
        Rows = call.Rows,
        Inputs = call.Tensors.Inputs,
        JoinKeys = call.Tensors.JoinKeys,
        Outputs = call.Tensors.Outputs,
    };
}

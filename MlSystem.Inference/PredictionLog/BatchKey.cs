using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using MlSystem.Inference.Versions;
using Endpoint = MlSystem.Contracts.Endpoint;

namespace MlSystem.Inference.PredictionLog;

/// <summary>What the requests of one batch have in common. It keeps no version alive.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly struct BatchKey(in AnsweredCall call, bool withInputs) : IEquatable<BatchKey>
{
    /// <summary>The revision that is served: a change of the endpoint makes another object.</summary>
    public Endpoint Endpoint { get; } = call.Endpoint;

    public VersionKey Version { get; } = call.Version;

    public string Variant { get; } = call.Variant;

    public string Role { get; } = call.Role;

    /// <summary>Whether these requests are sampled.</summary>
    public bool WithInputs { get; } = withInputs;

    public bool Equals(BatchKey other) =>
        ReferenceEquals(Endpoint, other.Endpoint) && WithInputs == other.WithInputs && Version == other.Version && Variant == other.Variant && Role == other.Role;

    public override bool Equals(object? obj) => obj is BatchKey other && Equals(other);

    /// <summary>Of what is cheap and nearly always enough to tell batches apart.</summary>
    public override int GetHashCode() => HashCode.Combine(RuntimeHelpers.GetHashCode(Endpoint), Version.Version, WithInputs);
}

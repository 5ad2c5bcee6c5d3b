using MlSystem.Inference.Tests.Fixture;

namespace MlSystem.Inference.Tests.Conformance;

/// <summary>What a client of the protocol can do, whichever way it talks.</summary>
public abstract class OipClient(InferenceServer server)
{
    protected InferenceServer Server { get; } = server;

    /// <summary>Datatypes that this form has no place for.</summary>
    public virtual IReadOnlyList<string> Unsupported => [];

    public abstract Task<bool> IsLiveAsync();

    public abstract Task<bool> IsReadyAsync();

    /// <exception cref="OipRefusedException">The server refused.</exception>
    public abstract Task<bool> IsModelReadyAsync(string model, string? version);

    public abstract Task<OipServerInfo> ServerAsync();

    /// <exception cref="OipRefusedException">The server refused.</exception>
    public abstract Task<OipModelInfo> ModelAsync(string model, string? version);

    /// <exception cref="OipRefusedException">The server refused.</exception>
    public abstract Task<OipAnswer> InferAsync(OipRequest request);

    public abstract Task<IReadOnlyList<(string Name, string Version, string State)>> IndexAsync(bool readyOnly);

    /// <exception cref="OipRefusedException">The server refused.</exception>
    public abstract Task LoadAsync(string model);

    /// <exception cref="OipRefusedException">The server refused.</exception>
    public abstract Task UnloadAsync(string model);

    /// <summary>Rows predicted, runs, and requests answered.</summary>
    /// <exception cref="OipRefusedException">The server refused.</exception>
    public abstract Task<(long Inferences, long Executions, long Successes)> StatisticsAsync(string model, string? version);
}

public sealed record OipServerInfo(string Name, string Version, IReadOnlyList<string> Extensions);

public sealed record OipModelInfo(string Name, IReadOnlyList<string> Versions, string Platform, IReadOnlyList<(string Name, string Datatype, string Shape)> Inputs, IReadOnlyList<(string Name, string Datatype, string Shape)> Outputs);

public sealed record OipRequest(string Model, params OipTensor[] Inputs)
{
    public string? Version { get; init; }

    public string? Id { get; init; }

    public IReadOnlyList<string>? Outputs { get; init; }

    public long? TimeoutMicroseconds { get; init; }

    public long? Priority { get; init; }

    /// <summary>A request parameter that the protocol does not know.</summary>
    public string? UnknownParameter { get; init; }
}

public sealed record OipAnswer(string Model, string Version, string? Id, IReadOnlyDictionary<string, string> Parameters, IReadOnlyList<OipTensor> Outputs);

/// <summary>Kinds of refusal that both protocols have a status for.</summary>
public enum OipFault
{
    Invalid,
    NotFound,
    Exhausted,
    Unavailable,
    Timeout,
    Internal,
}

/// <summary>The server refused, in the protocol's own form.</summary>
public sealed class OipRefusedException(OipFault fault, string message) : Exception(message)
{
    public OipFault Fault { get; } = fault;
}

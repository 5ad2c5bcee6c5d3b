namespace MlSystem.Inference.Prediction;

/// <summary>Kinds of refusal, each with its HTTP status and gRPC status in the protocol adapters.</summary>
public enum FaultKind
{
    /// <summary>HTTP 400, INVALID_ARGUMENT.</summary>
    InvalidArgument,

    /// <summary>HTTP 404, NOT_FOUND.</summary>
    NotFound,

    /// <summary>HTTP 413, RESOURCE_EXHAUSTED.</summary>
    TooLarge,

    /// <summary>The endpoint is at its bound: HTTP 429 with Retry-After, RESOURCE_EXHAUSTED.</summary>
    EndpointBusy,

    /// <summary>The whole replica is at its bound: HTTP 503 with Retry-After, RESOURCE_EXHAUSTED.</summary>
    ServerBusy,

    /// <summary>HTTP 503 with Retry-After, UNAVAILABLE.</summary>
    Unavailable,

    /// <summary>HTTP 504, DEADLINE_EXCEEDED.</summary>
    DeadlineExceeded,

    /// <summary>The caller went away: HTTP 499, CANCELLED.</summary>
    Cancelled,

    /// <summary>The model itself failed: HTTP 500, INTERNAL.</summary>
    ModelFailed,
}

/// <summary>A refusal: what, where and what would be right, in words for the caller.</summary>
public sealed record Fault(FaultKind Kind, string Message);

/// <summary>A <see cref="Prediction.Fault"/> on its way to the protocol adapter.</summary>
public sealed class InferenceException(Fault fault, Exception? inner = null) : Exception(fault.Message, inner)
{
    public InferenceException(FaultKind kind, string message, Exception? inner = null)
        : this(new Fault(kind, message), inner)
    {
    }

    public Fault Fault { get; } = fault;

    public static InferenceException Invalid(string message) => new(FaultKind.InvalidArgument, message);

    public static InferenceException Unavailable(string message, Exception? inner = null) => new(FaultKind.Unavailable, message, inner);
}

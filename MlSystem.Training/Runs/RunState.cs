using System.Collections.Frozen;

namespace MlSystem.Training.Runs;

/// <summary>States of a run and the ways between them.</summary>
public static class RunState
{
    public const string Queued = "queued";
    public const string Running = "running";
    public const string Succeeded = "succeeded";
    public const string Failed = "failed";
    public const string Cancelled = "cancelled";

    /// <summary>State → states that may follow. A running run goes back to the queue when its worker stops in order.</summary>
    public static FrozenDictionary<string, IReadOnlyList<string>> Transitions { get; } = new Dictionary<string, IReadOnlyList<string>>
    {
        [Queued] = [Running, Cancelled],
        [Running] = [Running, Queued, Succeeded, Failed, Cancelled],
        [Failed] = [Queued],
        [Cancelled] = [Queued],
        [Succeeded] = [],
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Whether nothing happens any more unless somebody asks for a retry.</summary>
    public static bool IsFinal(string state) => state is Succeeded or Failed or Cancelled;
}

/// <summary>States of a step.</summary>
public static class StepState
{
    public const string Pending = "pending";
    public const string Running = "running";

    /// <summary>An attempt failed for a reason that may pass; the next one follows by itself.</summary>
    public const string Waiting = "waiting";

    public const string Succeeded = "succeeded";
    public const string Failed = "failed";
}

/// <summary>Names of the server-sent events of a run.</summary>
public static class RunEventType
{
    /// <summary>The run changed its state.</summary>
    public const string State = "state";

    /// <summary>A step began, succeeded, failed or waits for its next attempt.</summary>
    public const string Step = "step";

    /// <summary>A step got further.</summary>
    public const string Progress = "progress";
}

/// <summary>The right to work on a run.</summary>
/// <param name="Number">Grows with each claim: an older holder's writes are refused.</param>
public sealed record RunLease(string RunId, long Number);

/// <summary>What a heartbeat finds.</summary>
public enum Heartbeat
{
    /// <summary>The lease is prolonged.</summary>
    Kept,

    /// <summary>The lease is prolonged, and somebody asked for cancellation.</summary>
    CancelRequested,

    /// <summary>The holder itself has just written the run's end: there is no lease to keep any more.</summary>
    Ended,
}

/// <summary>Another worker has the run, or it is no longer running.</summary>
public sealed class LeaseLostException(string runId) : Exception($"The lease of run {runId} is lost.");

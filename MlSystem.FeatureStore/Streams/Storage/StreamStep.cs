using System.Runtime.InteropServices;

namespace MlSystem.FeatureStore.Streams.Storage;

/// <summary>What a partition's state was led through.</summary>
public enum StreamStepKind
{
    /// <summary>Events up to an offset.</summary>
    Apply,

    /// <summary>The clock moved without an event.</summary>
    Advance,

    /// <summary>The view began to serve.</summary>
    BeginServing,
}

/// <summary>One step, written down before its rows can be seen: led through the same steps again, a state makes the same rows.</summary>
/// <param name="ToOffset">Behind the last event that the step took.</param>
/// <param name="ClockUs"><see cref="StreamStepKind.Advance"/>: where the clock went.</param>
/// <param name="NowUs">The time of the step. Times are microseconds since 1970-01-01T00:00:00Z.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct StreamStep(int Partition, long Sequence, StreamStepKind Kind, long ToOffset, long ClockUs, long NowUs);

/// <summary>A partition's state was taken over by another replica: this one forgets it.</summary>
public sealed class StreamFencedException(int partition) : Exception($"Another replica has taken over partition {partition}.")
{
    public int Partition { get; } = partition;
}

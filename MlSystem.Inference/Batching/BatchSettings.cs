using MlSystem.Contracts;

namespace MlSystem.Inference.Batching;

/// <summary>What one endpoint's queue goes by; made from its <c>batching</c> and <c>limits</c>.</summary>
internal sealed class BatchSettings
{
    /// <summary>Levels of the queue for rows of no endpoint, which the priorities of all endpoints are laid out on; the middle one is the default.</summary>
    public const int OwnLevels = 15;

    /// <summary>Rows up to which requests are put together.</summary>
    public required int MaxRows { get; init; }

    /// <summary>Rows above which a single request is split.</summary>
    public required int MaxPart { get; init; }

    /// <summary>Whether requests share runs.</summary>
    public bool Merges { get; init; }

    /// <summary>Set for adaptive endpoints.</summary>
    public TimeSpan? Objective { get; init; }

    /// <summary>Ascending.</summary>
    public IReadOnlyList<int> Preferred { get; init; } = [];

    public TimeSpan MaxDelay { get; init; }

    /// <summary>At least 1.</summary>
    public int Levels { get; init; } = 1;

    /// <summary>From 1.</summary>
    public int DefaultLevel { get; init; } = 1;

    public bool PreserveOrdering { get; init; }

    /// <summary>Time in the queue; infinite where only the deadline counts.</summary>
    public TimeSpan QueueTimeout { get; init; } = Timeout.InfiniteTimeSpan;

    /// <summary>Whether a request that waited too long goes behind the others instead of being refused.</summary>
    public bool DelaysLate { get; init; }

    /// <summary>Whether a request may run where it is when nothing waits.</summary>
    public bool RunsAtOnce => MaxDelay == TimeSpan.Zero && !PreserveOrdering;

    public static BatchSettings Of(EndpointBatching batching, EndpointLimits limits, BatchingOptions options)
    {
        var rows = Math.Max(limits.MaxBatchSize ?? options.MaxBatchSize, 1);
        var merges = batching.Mode != BatchingMode.Off;
        var levels = Math.Max(batching.PriorityLevels, 1);
        return new BatchSettings
        {
            MaxRows = rows,
            MaxPart = limits.MaxBatchSize is null ? int.MaxValue : rows,
            Merges = merges,
            Objective = batching.Mode == BatchingMode.Adaptive ? TimeSpan.FromMilliseconds(batching.LatencyObjectiveMs ?? options.LatencyObjectiveMs) : null,
            Preferred = batching.Mode == BatchingMode.Dynamic ? [.. batching.PreferredBatchSizes.Where(size => size <= rows).Order()] : [],
            MaxDelay = batching.Mode == BatchingMode.Dynamic ? TimeSpan.FromMicroseconds(Math.Max(batching.MaxQueueDelayMicroseconds, 0)) : TimeSpan.Zero,
            Levels = levels,
            DefaultLevel = batching.DefaultPriorityLevel is > 0 and var level && level <= levels ? level : (levels + 1) / 2,
            PreserveOrdering = batching.PreserveOrdering,
            QueueTimeout = batching.DefaultTimeoutMicroseconds > 0 ? TimeSpan.FromMicroseconds(batching.DefaultTimeoutMicroseconds) : Timeout.InfiniteTimeSpan,
            DelaysLate = batching.TimeoutAction == QueueTimeoutAction.Delay,
        };
    }

    /// <summary>The level of a request's <c>priority</c>; 0 and what lies beyond the levels is the default, as in Triton.</summary>
    public int Level(long priority) => priority >= 1 && priority <= Levels ? (int)priority : DefaultLevel;

    /// <summary>The level among <see cref="OwnLevels"/> for what a request has other versions compute: as far from the first and the last as its own.</summary>
    public int OwnLevel(long priority) => Levels == 1 ? (OwnLevels + 1) / 2 : 1 + (int)Math.Round((Level(priority) - 1.0) / (Levels - 1) * (OwnLevels - 1));

    /// <summary>Rows that the next run takes of those that wait.</summary>
    /// <returns>0: more may be waited for.</returns>
    public int Target(int waitingRows, bool waitedLong, int max)
    {
        if (waitingRows >= max)
        {
            return max;
        }

        var preferred = Preferred.LastOrDefault(size => size <= waitingRows);
        return preferred > 0 ? preferred : waitedLong || MaxDelay == TimeSpan.Zero ? waitingRows : 0;
    }
}

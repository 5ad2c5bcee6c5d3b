using MlSystem.FeatureStore.Streams.Storage;

namespace MlSystem.FeatureStore.Streams;

/// <summary>When what is due that no event asks for: clocks go on, partitions begin to serve, rows go to Parquet, snapshots are taken.</summary>
internal sealed class StreamPace(StreamPlan plan, StreamServices services, string topic, string group)
{
    private static readonly TimeSpan IdlePeriod = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LagPeriod = TimeSpan.FromSeconds(5);
    private const long SyncUs = 1_000_000;

    private long _stored = services.Time.GetTimestamp();
    private long _snapshotted = services.Time.GetTimestamp();
    private long? _idle;
    private long _measured;
    private long _lag;

    public bool IsSnapshotDue => services.Time.GetElapsedTime(_snapshotted).TotalSeconds >= services.Options.Value.SnapshotSeconds;

    public bool IsStoreDue(int gathered) =>
        gathered >= services.StoreOptions.Value.OfflineBatchRows || services.Time.GetElapsedTime(_stored).TotalSeconds >= services.StoreOptions.Value.OfflineLingerSeconds;

    public void Stored() => _stored = services.Time.GetTimestamp();

    public void Snapshotted() => _snapshotted = services.Time.GetTimestamp();

    /// <summary>Whether something is to be done that does not wait for a time.</summary>
    public bool IsIdleWorkOpen(StreamPartitions partitions) => Needing(partitions, Newest(partitions.All), services.NowUs).Any();

    /// <summary>Steps of partitions that have read all there is. Only then their clocks go on: an event that waits unread would come too late.</summary>
    /// <param name="atOnce">Somebody waits.</param>
    public async Task<IReadOnlyList<StreamStep>> IdleAsync(StreamPartitions partitions, bool atOnce, CancellationToken cancellationToken)
    {
        var nowUs = services.NowUs;
        var isMeasureDue = TimeProvider.System.GetElapsedTime(_measured) >= LagPeriod;
        if (!atOnce && _idle is { } last && TimeProvider.System.GetElapsedTime(last) < IdlePeriod && !isMeasureDue)
        {
            return [];
        }

        var newest = Math.Max(Newest(partitions.All), isMeasureDue ? await NewestElsewhereAsync(partitions, cancellationToken) : StreamHeader.NeverUs);
        var needing = Needing(partitions, newest, nowUs).ToArray();
        if (needing.Length == 0 && !isMeasureDue)
        {
            return [];
        }

        _idle = TimeProvider.System.GetTimestamp();
        var ends = (await services.Log.GetPositionsAsync(topic, group, cancellationToken)).ToDictionary(position => position.Partition);
        _measured = TimeProvider.System.GetTimestamp();
        _lag = partitions.All.Sum(partition => ends.TryGetValue(partition.State.Number, out var end) ? Math.Max(0, end.End - Math.Max(end.Committed, partition.State.Header.NextOffset)) : 0);
        return [.. needing
            .Where(partition => ends.TryGetValue(partition.State.Number, out var end) && Math.Max(end.Committed, partition.State.Header.NextOffset) >= end.End)
            .Select(partition => partition.State.Header.IsServing ? partition.NextAdvance(TargetOf(partition, newest, nowUs), nowUs) : partition.NextServing(nowUs))];
    }

    public StreamStanding Standing(StreamPartitions partitions)
    {
        var watermarkUs = partitions.All.Select(partition => partition.State.WatermarkUs).DefaultIfEmpty(StreamHeader.NeverUs).Max();
        return new StreamStanding(
            plan.View.Name,
            _lag,
            watermarkUs <= StreamHeader.NeverUs ? null : (services.NowUs - watermarkUs) / 1e6,
            partitions.All.Sum(partition => (long)partition.State.Keys.Count),
            partitions.All.Sum(partition => (long)partition.State.Panes),
            partitions.All.Sum(partition => partition.Bytes));
    }

    private static long Newest(IEnumerable<OwnedPartition> partitions) => partitions.Select(partition => partition.State.Header.ClockUs).DefaultIfEmpty(StreamHeader.NeverUs).Max();

    private static IEnumerable<OwnedPartition> Needing(StreamPartitions partitions, long newest, long nowUs) =>
        partitions.All.Where(partition => !partition.IsReplaying && (!partition.State.Header.IsServing || NeedsToMove(partition, TargetOf(partition, newest, nowUs))));

    /// <summary>A clock that nothing waits for moves in greater steps.</summary>
    private static bool NeedsToMove(OwnedPartition partition, long targetUs) =>
        partition.State.NextDueUs <= targetUs || (!partition.State.Header.IsLive && targetUs - partition.State.Header.ClockUs >= SyncUs);

    /// <summary>A live clock follows the time; another one the newest of the view, so that what is late does not depend on the partition.</summary>
    private static long TargetOf(OwnedPartition partition, long newest, long nowUs) => partition.State.Header.IsLive ? Math.Max(nowUs, partition.State.Header.ClockUs) : newest;

    private async Task<long> NewestElsewhereAsync(StreamPartitions partitions, CancellationToken cancellationToken) =>
        (await partitions.Store.ProgressAsync(cancellationToken)).Values.Select(progress => progress.ClockUs).DefaultIfEmpty(StreamHeader.NeverUs).Max();
}

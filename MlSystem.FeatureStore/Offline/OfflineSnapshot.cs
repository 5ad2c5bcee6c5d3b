namespace MlSystem.FeatureStore.Offline;

/// <summary>A file that counts.</summary>
/// <param name="Path">Where it is.</param>
/// <param name="Compacted">Sorted by join keys and event time, without repeated rows.</param>
public sealed record OfflineFile(string Path, DateOnly Date, long Rows, bool Compacted);

/// <summary>The files of a view at one moment. They stay on disk, whatever is compacted meanwhile, until this is disposed of.</summary>
public sealed class OfflineSnapshot(IReadOnlyList<OfflineFile> files, IDisposable lease) : IDisposable
{
    /// <summary>By date.</summary>
    public IReadOnlyList<OfflineFile> Files => files;

    public IReadOnlyList<string> Paths => [.. files.Select(file => file.Path)];

    public void Dispose() => lease.Dispose();
}

/// <summary>Which files of a view a reader needs.</summary>
/// <param name="From">First date; null is open.</param>
/// <param name="To">Last date; null is open.</param>
/// <param name="LoggedSinceUs">Only files with rows that the event log took at or after this time (microseconds since 1970-01-01T00:00:00Z).</param>
public sealed record OfflineRange(DateOnly? From = null, DateOnly? To = null, long? LoggedSinceUs = null)
{
    public static OfflineRange All { get; } = new();
}

/// <summary>Who reads in this process, and since when: files that were replaced after that stay.</summary>
public sealed class OfflineLeases(TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly LinkedList<long> _since = [];

    /// <summary>When the oldest reader began, in microseconds since 1970-01-01T00:00:00Z; the greatest number where there is none.</summary>
    public long OldestUs
    {
        get
        {
            lock (_gate)
            {
                return _since.Count == 0 ? long.MaxValue : _since.Min();
            }
        }
    }

    /// <summary>Taken before the manifest is asked.</summary>
    public IDisposable Take()
    {
        lock (_gate)
        {
            return new Lease(this, _since.AddLast(UnixTime.Microseconds(time.GetUtcNow())));
        }
    }

    private sealed class Lease(OfflineLeases leases, LinkedListNode<long> node) : IDisposable
    {
        public void Dispose()
        {
            lock (leases._gate)
            {
                node.List?.Remove(node);
            }
        }
    }
}

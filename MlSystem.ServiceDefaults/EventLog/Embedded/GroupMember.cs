namespace MlSystem.ServiceDefaults.EventLog.Embedded;

/// <summary>A partition that this member owns.</summary>
internal sealed class OwnedPartition(int partition, long generation, long position)
{
    public int Partition { get; } = partition;

    public long Generation { get; } = generation;

    /// <summary>The next offset to read.</summary>
    public long Position { get; set; } = position;

    /// <summary>The next offset to read after a crash.</summary>
    public long Committed { get; set; } = position;

    /// <summary>When the oldest read but uncommitted event was handed out; null when nothing is uncommitted.</summary>
    public DateTimeOffset? DirtySince { get; set; }
}

/// <summary>
/// One member's view of its group. Every <see cref="Renew"/> extends its lease, gives up partitions above its share and takes
/// free ones. A partition whose events are being handled is given up only after their commit, or when a lease's time has passed.
/// Not safe for concurrent calls.
/// </summary>
internal sealed class GroupMember(GroupStore store, ProcessMark process, string folder, int partitions, Func<int, long> start, TimeSpan lease, TimeProvider time)
{
    private readonly string _member = process.Name + "-" + Path.GetRandomFileName();
    private readonly Dictionary<int, OwnedPartition> _owned = [];
    private DateTimeOffset _expires;

    public IReadOnlyCollection<OwnedPartition> Owned => _owned.Values;

    /// <summary>Whether this member owns fewer or more partitions than its share: then it should renew soon.</summary>
    public bool Unbalanced { get; private set; } = true;

    /// <summary>Past this moment others may own the partitions: nothing is read before the next <see cref="Renew"/>.</summary>
    public bool Expired => time.GetUtcNow() >= _expires;

    /// <summary>Returns the partitions that were lost to others without being given up.</summary>
    public IReadOnlyList<int> Renew()
    {
        var now = time.GetUtcNow();
        var lost = new List<int>();
        store.Write(() =>
        {
            store.Renew(_member, process.Name, (now + lease).ToUnixTimeMilliseconds());
            var live = LiveMembers(now);
            var rows = store.Partitions(partitions);
            DropLost(rows, lost);
            Rebalance(rows, live, now);
        });
        _expires = now + lease;
        return lost;
    }

    /// <summary>Makes the read positions durable; returns the partitions that others had taken over, which are dropped.</summary>
    public IReadOnlyList<int> Commit()
    {
        var changed = _owned.Values.Where(p => p.Committed != p.Position || p.DirtySince is not null).ToList();
        var lost = new List<int>();
        if (changed.Count == 0)
        {
            return lost;
        }

        store.Write(() => lost.AddRange(changed
            .Where(p => !store.Commit(p.Partition, _member, p.Generation, p.Position))
            .Select(p => p.Partition)));
        lost.ForEach(p => _owned.Remove(p));
        changed.ForEach(p => (p.Committed, p.DirtySince) = (p.Position, null));
        return lost;
    }

    /// <summary>Leaves the group: its partitions are free at once.</summary>
    public void Leave()
    {
        store.Write(() =>
        {
            foreach (var partition in _owned.Keys)
            {
                store.Release(partition, _member);
            }

            store.RemoveMember(_member);
        });
        _owned.Clear();
    }

    private List<string> LiveMembers(DateTimeOffset now)
    {
        var live = new List<string>();
        foreach (var (member, mark, expires) in store.Members())
        {
            var mine = string.Equals(mark, process.Name, StringComparison.Ordinal);
            if (expires <= now.ToUnixTimeMilliseconds() || (!mine && ProcessMark.IsDead(folder, mark)))
            {
                store.RemoveMember(member);
            }
            else
            {
                live.Add(member);
            }
        }

        return live;
    }

    private void DropLost(List<GroupPartition> rows, List<int> lost)
    {
        foreach (var row in rows)
        {
            if (_owned.TryGetValue(row.Partition, out var mine)
                && (mine.Generation != row.Generation || !string.Equals(row.Member, _member, StringComparison.Ordinal)))
            {
                _owned.Remove(row.Partition);
                lost.Add(row.Partition);
            }
        }
    }

    private void Rebalance(List<GroupPartition> rows, List<string> live, DateTimeOffset now)
    {
        var quota = PartitionShare.Quota(partitions, live, _member);
        foreach (var excess in _owned.Values.Where(p => p.DirtySince is not { } since || now - since >= lease).Take(_owned.Count - quota).ToList())
        {
            store.Release(excess.Partition, _member);
            _owned.Remove(excess.Partition);
        }

        foreach (var free in rows.Where(row => row.Member is null || !live.Contains(row.Member)).Take(quota - _owned.Count))
        {
            var (generation, committed) = store.Claim(free.Partition, _member, start(free.Partition));
            _owned[free.Partition] = new OwnedPartition(free.Partition, generation, committed);
        }

        Unbalanced = _owned.Count != quota;
    }
}

namespace MlSystem.ServiceDefaults.EventLog.Embedded;

/// <summary>A partition's row in the group file.</summary>
internal readonly record struct GroupPartition(int Partition, long? Committed, string? Member, long Generation);

/// <summary>The SQL of one group for one member. Not safe for concurrent calls.</summary>
internal sealed class GroupStore : IDisposable
{
    private readonly SqliteDatabase _database;
    private readonly SqliteStatement _renew;
    private readonly SqliteStatement _members;
    private readonly SqliteStatement _removeMember;
    private readonly SqliteStatement _partitions;
    private readonly SqliteStatement _addPartition;
    private readonly SqliteStatement _claim;
    private readonly SqliteStatement _release;
    private readonly SqliteStatement _commit;

    public GroupStore(SqliteDatabase database, string group)
    {
        _database = database;
        _renew = Prepare("INSERT INTO members VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET expires = excluded.expires", group);
        _members = Prepare("SELECT member, process, expires FROM members WHERE grp = ?1 ORDER BY member", group);
        _removeMember = Prepare("DELETE FROM members WHERE grp = ?1 AND member = ?2", group);
        _partitions = Prepare("SELECT partition, committed, member, generation FROM partitions WHERE grp = ?1 ORDER BY partition", group);
        _addPartition = Prepare("INSERT OR IGNORE INTO partitions VALUES (?1, ?2, NULL, NULL, 0)", group);
        _claim = Prepare("UPDATE partitions SET member = ?3, generation = generation + 1, committed = coalesce(committed, ?4) WHERE grp = ?1 AND partition = ?2 RETURNING generation, committed", group);
        _release = Prepare("UPDATE partitions SET member = NULL WHERE grp = ?1 AND partition = ?2 AND member = ?3", group);
        _commit = Prepare("UPDATE partitions SET committed = ?5 WHERE grp = ?1 AND partition = ?2 AND member = ?3 AND generation = ?4 RETURNING 1", group);
    }

    public void Write(Action work) => _database.Write(work);

    public void Renew(string member, string process, long expires) => _renew.BindText(2, member).BindText(3, process).Bind(4, expires).Run();

    public List<(string Member, string Process, long Expires)> Members()
    {
        var members = new List<(string, string, long)>();
        while (_members.Step())
        {
            members.Add((_members.Text(0), _members.Text(1), _members.Int64(2)));
        }

        _members.Reset();
        return members;
    }

    public void RemoveMember(string member) => _removeMember.BindText(2, member).Run();

    public List<GroupPartition> Partitions(int count)
    {
        var rows = ReadPartitions(count);
        if (rows.Count == count)
        {
            return rows;
        }

        for (var p = 0; p < count; p++)
        {
            _addPartition.Bind(2, p).Run();
        }

        return ReadPartitions(count);
    }

    /// <summary>Committed offsets by partition, without those that never had one.</summary>
    public Dictionary<int, long> Committed()
    {
        var committed = new Dictionary<int, long>();
        while (_partitions.Step())
        {
            if (!_partitions.IsNull(1))
            {
                committed[(int)_partitions.Int64(0)] = _partitions.Int64(1);
            }
        }

        _partitions.Reset();
        return committed;
    }

    /// <summary>Takes a partition: the generation that fences the former owner, and where to begin.</summary>
    public (long Generation, long Committed) Claim(int partition, string member, long start)
    {
        _claim.Bind(2, partition).BindText(3, member).Bind(4, start).Step();
        var claimed = (_claim.Int64(0), _claim.Int64(1));
        _claim.Reset();
        return claimed;
    }

    public void Release(int partition, string member) => _release.Bind(2, partition).BindText(3, member).Run();

    /// <summary>False when another member owns the partition by now.</summary>
    public bool Commit(int partition, string member, long generation, long offset)
    {
        var owned = _commit.Bind(2, partition).BindText(3, member).Bind(4, generation).Bind(5, offset).Step();
        _commit.Reset();
        return owned;
    }

    public void Dispose() => _database.Dispose();

    private List<GroupPartition> ReadPartitions(int count)
    {
        var rows = new List<GroupPartition>(count);
        while (_partitions.Step())
        {
            rows.Add(new GroupPartition(
                (int)_partitions.Int64(0),
                _partitions.IsNull(1) ? null : _partitions.Int64(1),
                _partitions.IsNull(2) ? null : _partitions.Text(2),
                _partitions.Int64(3)));
        }

        _partitions.Reset();
        return rows;
    }

    private SqliteStatement Prepare(string sql, string group) => _database.Prepare(sql).BindText(1, group);
}

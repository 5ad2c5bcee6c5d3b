using System.Text;
using Microsoft.Extensions.Time.Testing;
using MlSystem.ServiceDefaults.EventLog;
using MlSystem.ServiceDefaults.EventLog.Embedded;

namespace MlSystem.ServiceDefaults.Tests.EventLog;

/// <summary>What only the embedded log has: leases on a clock, fencing, retention by size, files that can be damaged.</summary>
public sealed class EmbeddedEventLogTests : IAsyncDisposable
{
    private const string Topic = "embedded";
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 5, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly EmbeddedFixture _store;

    public EmbeddedEventLogTests() => _store = new EmbeddedFixture(_time);

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Fact]
    public async Task A_member_whose_lease_ran_out_cannot_commit_over_its_successor()
    {
        var log = _store.OpenLog();
        await log.AppendAsync(Topic, [.. Enumerable.Range(0, 20).Select(i => Events.Of("key", $"{i}"))], CancellationToken.None);
        using var zombie = Member("zombie");
        using var successor = Member("successor");
        zombie.Member.Renew();
        zombie.Member.Owned.Single(p => p.Partition == KeyPartition.Of("key", 8)).Position = 20;

        // Two members would share; the first says nothing until its lease is over.
        _time.Advance(TimeSpan.FromSeconds(3));
        successor.Member.Renew();
        Assert.Equal(8, successor.Member.Owned.Count);

        Assert.Equal([KeyPartition.Of("key", 8)], zombie.Member.Commit());
        Assert.Equal(8, zombie.Member.Renew().Count + 1);
        Assert.Equal(20, (await log.GetPositionsAsync(Topic, "g", CancellationToken.None)).Sum(p => p.End - p.Committed));
    }

    [Fact]
    public async Task Partitions_are_shared_evenly_and_given_up_only_after_their_commit()
    {
        await _store.OpenLog().AppendAsync(Topic, [Events.Of("key", "1")], CancellationToken.None);
        using var one = Member("one");
        using var two = Member("two");
        using var three = Member("three");
        one.Member.Renew();
        Assert.Equal(8, one.Member.Owned.Count);
        var busy = one.Member.Owned.Take(6).ToList();
        busy.ForEach(p => (p.Position, p.DirtySince) = (p.Position + 1, _time.GetUtcNow()));

        two.Member.Renew();
        one.Member.Renew();
        two.Member.Renew();
        Assert.Equal((6, 2), (one.Member.Owned.Count, two.Member.Owned.Count));

        Assert.Empty(one.Member.Commit());
        one.Member.Renew();
        two.Member.Renew();
        Assert.Equal((4, 4), (one.Member.Owned.Count, two.Member.Owned.Count));

        foreach (var member in new[] { three, one, two, three, one, two, three })
        {
            member.Member.Renew();
        }

        Assert.Equal([2, 3, 3], new[] { one, two, three }.Select(m => m.Member.Owned.Count).Order());
        Assert.Equal(Enumerable.Range(0, 8), new[] { one, two, three }.SelectMany(m => m.Member.Owned).Select(p => p.Partition).Order());

        two.Member.Leave();
        three.Member.Leave();
        one.Member.Renew();
        Assert.Equal(8, one.Member.Owned.Count);
    }

    [Fact]
    public async Task Retention_by_size_keeps_the_newest_and_offsets_are_never_used_again()
    {
        var log = _store.OpenLog();
        for (var i = 0; i < 50; i++)
        {
            await log.AppendAsync(Topic, [.. Enumerable.Range(0, 40).Select(k => Events.Of($"key-{k}", new string('x', 1000)))], CancellationToken.None);
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        await log.ApplyRetentionAsync(Topic, DateTimeOffset.UnixEpoch, 500_000, CancellationToken.None);
        var kept = await ReadAllAsync(log, "one");
        Assert.InRange(kept.Sum(e => e.Event.Value.Length), 300_000, 500_000);
        Assert.True(kept.Min(e => e.Time) > _time.GetUtcNow() - TimeSpan.FromSeconds(20));

        // Nothing is left, and still the next offset is a new one.
        await log.ApplyRetentionAsync(Topic, _time.GetUtcNow() + TimeSpan.FromDays(1), 500_000, CancellationToken.None);
        var ends = (await log.GetPositionsAsync(Topic, "one", CancellationToken.None)).Select(p => p.End).ToList();
        await log.AppendAsync(Topic, [Events.Of("key-1", "after")], CancellationToken.None);
        var after = Assert.Single(await ReadAllAsync(log, "two"));
        Assert.Equal(ends[after.Partition], after.Offset);
    }

    [Fact]
    public async Task A_clock_that_goes_back_does_not_disorder_a_partition()
    {
        var log = _store.OpenLog();
        await log.AppendAsync(Topic, [Events.Of("key", "1")], CancellationToken.None);
        var earlier = new EmbeddedEventLog(_store.Folder, new EventLogServices(
            new EventLogOptions(), new EventLogMetrics(), new FakeTimeProvider(_time.GetUtcNow() - TimeSpan.FromHours(1)), Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance));
        await using (earlier)
        {
            await earlier.AppendAsync(Topic, [Events.Of("key", "2")], CancellationToken.None);
        }

        var read = await ReadAllAsync(log, "g");
        Assert.Equal(["1", "2"], read.Select(e => e.Text()));
        Assert.Equal(read[0].Time, read[1].Time);
    }

    [Fact]
    public async Task A_topic_keeps_the_partitions_it_was_made_with()
    {
        await _store.OpenLog(options => options.Partitions = 3).AppendAsync(Topic, [Events.Of("key", "1")], CancellationToken.None);

        var positions = await _store.OpenLog(options => options.Partitions = 16).GetPositionsAsync(Topic, "g", CancellationToken.None);

        Assert.Equal(3, positions.Count);
    }

    [Theory]
    [InlineData(".events.db")]
    [InlineData(".groups.db")]
    public async Task A_damaged_file_is_named_and_left_as_it_is(string suffix)
    {
        var path = Path.Combine(Directory.CreateDirectory(_store.Folder).FullName, Topic + suffix);
        var garbage = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("not a database ", 1000)));
        await File.WriteAllBytesAsync(path, garbage);
        var log = _store.OpenLog();

        var error = suffix == ".events.db"
            ? Assert.Throws<EventLogCorruptException>(log.OpenExisting)
            : Assert.Throws<EventLogCorruptException>(() => log.Subscribe(Topic, "g"));

        Assert.Contains(path, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
        Assert.Equal(garbage, await File.ReadAllBytesAsync(path));
    }

    [Fact]
    public void Options_that_make_no_sense_are_all_reported_at_once()
    {
        var result = new EventLogOptionsValidator().Validate(null, new EventLogOptions
        {
            Partitions = 0, LeaseDuration = TimeSpan.Zero, PollInterval = TimeSpan.FromMinutes(1), MaxEventBytes = 2 << 20, MaxPendingBytes = 1 << 20, RetentionAge = TimeSpan.Zero,
        });

        Assert.Equal(5, result.Failures!.Count());
        Assert.True(new EventLogOptionsValidator().Validate(null, new EventLogOptions()).Succeeded);
    }

    [Theory]
    [InlineData("", 5)]
    [InlineData("request-1", 4)]
    [InlineData("schlüssel", 7)]
    public void A_key_has_its_partition_for_ever(string key, int partition) => Assert.Equal(partition, KeyPartition.Of(key, 8));

    private static async Task<List<StoredEvent>> ReadAllAsync(EmbeddedEventLog log, string group)
    {
        var waiting = (await log.GetPositionsAsync(Topic, group, CancellationToken.None)).Sum(p => p.End - p.Committed);
        await using var consumer = log.Subscribe(Topic, group);
        return await consumer.ReadExactlyAsync((int)waiting, CancellationToken.None);
    }

    private TestMember Member(string name) => new(_store.Folder, name, _time);

    private sealed class TestMember : IDisposable
    {
        private readonly ProcessMark _mark;
        private readonly GroupStore _store;

        public TestMember(string folder, string name, TimeProvider time)
        {
            _mark = new ProcessMark(folder, name);
            _store = new GroupStore(GroupFile.Open(folder, Topic), "g");
            Member = new GroupMember(_store, _mark, folder, 8, _ => 0, TimeSpan.FromSeconds(2), time);
        }

        public GroupMember Member { get; }

        public void Dispose()
        {
            _store.Dispose();
            _mark.Dispose();
        }
    }
}

using System.Diagnostics;
using MlSystem.ServiceDefaults.EventLog;

namespace MlSystem.ServiceDefaults.Tests.EventLog;

/// <summary>What every event log promises. A point that a store can't show is skipped with its reason.</summary>
public abstract partial class EventLogContract : IAsyncLifetime
{
    private static int _topics;
    private readonly CancellationTokenSource _timeout = new(TimeSpan.FromSeconds(60));

    protected EventLogFixture Store { get; private set; } = null!;

    protected CancellationToken Cancellation => _timeout.Token;

    protected string Topic { get; } = $"contract-{Environment.ProcessId}-{Interlocked.Increment(ref _topics)}";

    public async ValueTask InitializeAsync() => Store = await CreateAsync();

    public async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        _timeout.Dispose();
        GC.SuppressFinalize(this);
    }

    protected abstract Task<EventLogFixture> CreateAsync();

    [Fact]
    public async Task Order_holds_within_a_key()
    {
        var log = Store.Open();
        for (var i = 0; i < 100; i++)
        {
            await log.AppendAsync(Topic, [.. Enumerable.Range(0, 5).Select(k => Events.Of($"key-{k}", $"{i}"))], Cancellation);
        }

        await using var consumer = log.Subscribe(Topic, "g");
        var read = await consumer.ReadExactlyAsync(500, Cancellation);

        foreach (var key in read.GroupBy(e => e.Event.Key))
        {
            Assert.Equal(Enumerable.Range(0, 100), key.Select(e => int.Parse(e.Text())));
            Assert.Single(key.Select(e => e.Partition).Distinct());
        }

        foreach (var partition in read.GroupBy(e => e.Partition))
        {
            Assert.Equal(partition.Select(e => e.Offset).Distinct().Order(), partition.Select(e => e.Offset));
        }
    }

    [Fact]
    public async Task Appends_of_several_writers_all_arrive_each_in_its_order()
    {
        var logs = Enumerable.Range(0, 3).Select(_ => Store.Open()).ToList();
        await Task.WhenAll(logs.Select(async (log, writer) =>
        {
            for (var i = 0; i < 60; i++)
            {
                await log.AppendAsync(Topic, [Events.Of($"w{writer}", $"{i}"), Events.Of($"v{writer}", $"{i}")], Cancellation);
            }
        }));

        await using var consumer = logs[0].Subscribe(Topic, "g");
        var read = await consumer.ReadExactlyAsync(360, Cancellation);

        Assert.All(read.GroupBy(e => e.Event.Key), key => Assert.Equal(Enumerable.Range(0, 60), key.Select(e => int.Parse(e.Text()))));
    }

    [Fact]
    public async Task What_was_not_committed_is_delivered_again()
    {
        var log = Store.Open();
        await log.AppendAsync(Topic, [.. Enumerable.Range(0, 10).Select(i => Events.Of("key", $"{i}"))], Cancellation);
        await using (var first = log.Subscribe(Topic, "g"))
        {
            await first.ReadExactlyAsync(4, Cancellation);
            await first.CommitAsync(Cancellation);
            await first.ReadExactlyAsync(3, Cancellation);
        }

        await using var second = Store.Open().Subscribe(Topic, "g");
        var read = await second.ReadExactlyAsync(6, Cancellation);

        Assert.Equal(["4", "5", "6", "7", "8", "9"], read.Select(e => e.Text()));
    }

    [Fact]
    public async Task Every_group_reads_everything()
    {
        var log = Store.Open();
        await log.AppendAsync(Topic, [Events.Of("a", "1"), Events.Of("b", "2")], Cancellation);

        await using var one = log.Subscribe(Topic, "one");
        await using var two = log.Subscribe(Topic, "two");

        Assert.Equal(["1", "2"], (await one.ReadExactlyAsync(2, Cancellation)).Select(e => e.Text()).Order(StringComparer.Ordinal));
        Assert.Equal(["1", "2"], (await two.ReadExactlyAsync(2, Cancellation)).Select(e => e.Text()).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Two_consumers_of_a_group_share_the_work()
    {
        Assert.SkipWhen(Store.CannotShareWork is not null, Store.CannotShareWork ?? "");
        var seen = new System.Collections.Concurrent.ConcurrentDictionary<string, int>();
        var left = new System.Collections.Concurrent.ConcurrentDictionary<int, int>();
        using var done = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var workers = Enumerable.Range(0, 2).Select(worker => WorkAsync(Store.Open().Subscribe(Topic, "g"), worker, seen, left, done.Token)).ToList();

        var log = Store.Open();
        for (var i = 0; left.Count < 2 || seen.Count < i; i += left.Count < 2 ? 50 : 0)
        {
            Cancellation.ThrowIfCancellationRequested();
            if (left.Count < 2)
            {
                await log.AppendAsync(Topic, [.. Enumerable.Range(i, 50).Select(n => Events.Of($"key-{n}", $"{n}"))], Cancellation);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, Cancellation);
        }

        await done.CancelAsync();
        await Task.WhenAll(workers);
        Assert.Equal(2, left.Count);
    }

    [Fact]
    public async Task A_group_replays_from_a_time()
    {
        Assert.SkipWhen(Store.CannotSeek is not null, Store.CannotSeek ?? "");
        var log = Store.Open();
        await log.AppendAsync(Topic, [.. Enumerable.Range(0, 20).Select(i => Events.Of($"key-{i}", "old"))], Cancellation);
        await using var consumer = log.Subscribe(Topic, "g");
        var newestOld = (await consumer.ReadExactlyAsync(20, Cancellation)).Max(e => e.Time);
        await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, Cancellation);
        await log.AppendAsync(Topic, [.. Enumerable.Range(0, 20).Select(i => Events.Of($"key-{i}", "new"))], Cancellation);
        var from = (await consumer.ReadExactlyAsync(20, Cancellation)).Min(e => e.Time);
        await consumer.CommitAsync(Cancellation);
        Assert.True(from > newestOld);

        await consumer.SeekAsync(from, Cancellation);
        Assert.All(await consumer.ReadExactlyAsync(20, Cancellation), e => Assert.Equal("new", e.Text()));

        await consumer.SeekAsync(DateTimeOffset.UnixEpoch, Cancellation);
        Assert.Equal(20, (await consumer.ReadExactlyAsync(40, Cancellation)).Count(e => e.Text() == "old"));

        await consumer.SeekAsync(newestOld + TimeSpan.FromDays(1), Cancellation);
        Assert.True(await consumer.IsSilentAsync(Cancellation));
    }

    [Fact]
    public async Task A_new_group_may_start_behind_the_newest_event()
    {
        var log = Store.Open();
        await log.AppendAsync(Topic, [.. Enumerable.Range(0, 20).Select(i => Events.Of($"key-{i}", "old"))], Cancellation);
        await using var consumer = log.Subscribe(Topic, "g", new ConsumerOptions { StartAtEnd = true });
        Assert.True(await ReadyAsync(consumer));

        await log.AppendAsync(Topic, [Events.Of("key-3", "new")], Cancellation);

        Assert.Equal(["new"], (await consumer.ReadAsync(10, Cancellation)).Select(e => e.Text()));
    }

    [Fact]
    public async Task A_waiting_reader_wakes_up_soon()
    {
        var log = Store.Open();
        var other = Store.Open();
        await using var consumer = log.Subscribe(Topic, "g");
        await log.AppendAsync(Topic, [Events.Of("key", "first")], Cancellation);
        await consumer.ReadExactlyAsync(1, Cancellation, commit: true);
        await other.AppendAsync(Topic, [Events.Of("key", "second")], Cancellation);
        await consumer.ReadExactlyAsync(1, Cancellation, commit: true);

        var delays = new List<TimeSpan>();
        for (var i = 0; i < 10; i++)
        {
            var read = consumer.ReadAsync(1, Cancellation);
            Assert.False(read.IsCompleted);
            await other.AppendAsync(Topic, [Events.Of("key", $"{i}")], Cancellation);
            var start = Stopwatch.GetTimestamp();
            await read;
            delays.Add(Stopwatch.GetElapsedTime(start));
        }

        Assert.InRange(delays.Order().ElementAt(5), TimeSpan.Zero, TimeSpan.FromMilliseconds(500));
    }

    [Fact]
    public async Task Positions_tell_when_a_group_has_handled_everything()
    {
        var log = Store.Open();
        await log.AppendAsync(Topic, [.. Enumerable.Range(0, 30).Select(i => Events.Of($"key-{i}", "x"))], Cancellation);
        var before = await log.GetPositionsAsync(Topic, "g", Cancellation);
        await using var consumer = log.Subscribe(Topic, "g");
        await consumer.ReadExactlyAsync(30, Cancellation, commit: true);
        var after = await log.GetPositionsAsync(Topic, "g", Cancellation);

        Assert.Equal(30, before.Sum(p => p.End - p.Committed));
        Assert.All(after, p => Assert.Equal(p.End, p.Committed));
        Assert.Equal(before.Select(p => p.End), after.Select(p => p.End));
        Assert.Equal(Enumerable.Range(0, after.Count), after.Select(p => p.Partition));
    }

    /// <summary>A consumer that starts at the end has joined its group once it waits.</summary>
    protected virtual async Task<bool> ReadyAsync(IEventConsumer consumer) => await consumer.IsSilentAsync(Cancellation);

    private static async Task WorkAsync(
        IEventConsumer consumer,
        int worker,
        System.Collections.Concurrent.ConcurrentDictionary<string, int> seen,
        System.Collections.Concurrent.ConcurrentDictionary<int, int> workers,
        CancellationToken cancellationToken)
    {
        await using var _ = consumer;
        try
        {
            while (true)
            {
                foreach (var e in await consumer.ReadAsync(20, cancellationToken))
                {
                    seen.AddOrUpdate(e.Event.Key, 1, (_, n) => n + 1);
                    workers[worker] = e.Partition;
                }

                await consumer.CommitAsync(cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The test has seen enough.
        }
    }
}

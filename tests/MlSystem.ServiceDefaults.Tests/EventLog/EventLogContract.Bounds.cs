using MlSystem.ServiceDefaults.EventLog;

namespace MlSystem.ServiceDefaults.Tests.EventLog;

// What an event may hold, and how much the log keeps.
public abstract partial class EventLogContract
{
    [Fact]
    public async Task Headers_keys_and_empty_values_come_back()
    {
        var log = Store.Open();
        await log.AppendAsync(
            Topic,
            [Events.Of("schlüssel", "", ("ce_id", "1"), ("ce_subject", "größe"), ("empty", "")), Events.Of("schlüssel", "plain")],
            Cancellation);

        await using var consumer = log.Subscribe(Topic, "g");
        var read = await consumer.ReadExactlyAsync(2, Cancellation);

        Assert.Equal("schlüssel", read[0].Event.Key);
        Assert.True(read[0].Event.Value.IsEmpty);
        Assert.Equal([("ce_id", "1"), ("ce_subject", "größe"), ("empty", "")], read[0].Event.Headers.Select(h => (h.Key, h.Value)));
        Assert.Empty(read[1].Event.Headers);
        Assert.InRange(read[0].Time, TimeProvider.System.GetUtcNow() - TimeSpan.FromMinutes(2), TimeProvider.System.GetUtcNow() + TimeSpan.FromMinutes(2));
    }

    [Fact]
    public async Task Values_of_one_mebibyte_pass_and_larger_ones_are_refused_whole()
    {
        var log = Store.Open();
        var largest = new byte[1024 * 1024];
        new Random(1).NextBytes(largest);
        var none = new Dictionary<string, string>();

        var error = await Assert.ThrowsAsync<EventTooLargeException>(() => log.AppendAsync(
            Topic, [Events.Of("key", "small"), new LogEvent("key", new byte[largest.Length + 1], none)], Cancellation));
        await log.AppendAsync(Topic, [.. Enumerable.Repeat(new LogEvent("key", largest, none), 3)], Cancellation);

        await using var consumer = log.Subscribe(Topic, "g");
        var read = await consumer.ReadExactlyAsync(3, Cancellation);
        Assert.Contains("1048577", error.Message, StringComparison.Ordinal);
        Assert.All(read, e => Assert.True(e.Event.Value.Span.SequenceEqual(largest)));
    }

    [Fact]
    public async Task Appends_wait_while_too_many_bytes_are_pending()
    {
        Assert.SkipWhen(Store.CannotStall is not null, Store.CannotStall ?? "");
        var log = Store.Open(options => options.MaxPendingBytes = 1024 * 1024);
        await log.AppendAsync(Topic, [Events.Of("key", "first")], Cancellation);
        await using var stall = await Store.StallAsync(Topic);
        var megabyte = new LogEvent("key", new byte[512 * 1024], new Dictionary<string, string>());
        var appends = Enumerable.Range(0, 6).Select(_ => log.AppendAsync(Topic, [megabyte], Cancellation)).ToList();

        using var cancelled = new CancellationTokenSource();
        var waiting = log.AppendAsync(Topic, [megabyte], cancelled.Token);
        Assert.False(waiting.IsCompleted);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        Assert.DoesNotContain(appends, a => a.IsCompleted);

        await stall.DisposeAsync();
        await Task.WhenAll(appends);
        await using var consumer = log.Subscribe(Topic, "g");
        await consumer.ReadExactlyAsync(7, Cancellation, commit: true);
        Assert.True(await consumer.IsSilentAsync(Cancellation));
    }

    [Fact]
    public async Task What_is_older_than_the_retention_goes_and_a_slow_group_continues_with_the_oldest_kept()
    {
        Assert.SkipWhen(Store.CannotApplyRetention is not null, Store.CannotApplyRetention ?? "");
        var log = Store.Open();
        await log.AppendAsync(Topic, [.. Enumerable.Range(0, 50).Select(i => Events.Of($"key-{i}", "old"))], Cancellation);
        await using var consumer = log.Subscribe(Topic, "g");
        var first = await consumer.ReadExactlyAsync(5, Cancellation, commit: true);
        await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, Cancellation);
        var between = TimeProvider.System.GetUtcNow();
        await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, Cancellation);
        await log.AppendAsync(Topic, [.. Enumerable.Range(0, 50).Select(i => Events.Of($"key-{i}", "new"))], Cancellation);

        await Store.ApplyRetentionAsync(between);

        await using var fresh = Store.Open().Subscribe(Topic, "other");
        var read = await fresh.ReadExactlyAsync(50, Cancellation);
        Assert.All(read, e => Assert.Equal("new", e.Text()));
        Assert.All(await consumer.ReadExactlyAsync(50, Cancellation), e => Assert.Equal("new", e.Text()));
        Assert.True(read.Min(e => e.Offset) >= first.Min(e => e.Offset));
    }

    [Theory]
    [InlineData("")]
    [InlineData("../etc")]
    [InlineData("a b")]
    public async Task Names_that_no_store_could_keep_are_refused(string name)
    {
        var log = Store.Open();

        await Assert.ThrowsAsync<ArgumentException>(() => log.AppendAsync(name, [Events.Of("key", "1")], Cancellation));
        Assert.Throws<ArgumentException>(() => log.Subscribe(Topic, name));
    }
}

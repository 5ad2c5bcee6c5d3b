using System.Diagnostics;
using System.Globalization;
using MlSystem.Testing;

namespace MlSystem.ServiceDefaults.Tests.EventLog;

/// <summary>Real processes on the embedded log, killed with SIGKILL.</summary>
public sealed class CrashTests : IAsyncDisposable
{
    private const string Topic = "crash";
    private readonly EmbeddedFixture _store = new();
    private readonly CancellationTokenSource _timeout = new(TimeSpan.FromSeconds(60));

    private CancellationToken Cancellation => _timeout.Token;

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        _timeout.Dispose();
    }

    [Fact]
    public async Task A_consumer_killed_between_handling_and_commit_is_followed_by_one_that_gets_the_same_events_at_once()
    {
        var log = _store.Open();
        await log.AppendAsync(Topic, [.. Enumerable.Range(0, 5).Select(i => Events.Of("key", $"{i}"))], Cancellation);
        await using (var victim = EventLogProcess.Start(_store, "consume", Topic, "g", "--pause"))
        {
            await victim.SaidAsync(output => output.Contains("paused"));
            await victim.KillAsync();
            Assert.Equal(["key 0", "key 1", "key 2", "key 3", "key 4", "paused"], victim.Output);
        }

        // The victim's lease lasts 8 to 10 s more: that it died shows by its lock.
        var killed = Stopwatch.GetTimestamp();
        await using var next = log.Subscribe(Topic, "g");
        Assert.Equal(["0", "1", "2", "3", "4"], (await next.ReadExactlyAsync(5, Cancellation)).Select(e => e.Text()));
        Assert.InRange(Stopwatch.GetElapsedTime(killed), TimeSpan.Zero, TimeSpan.FromSeconds(7));
    }

    [Fact]
    public async Task What_killed_writers_were_told_is_durable_is_there_whole_and_in_order()
    {
        var acknowledged = new Dictionary<string, int>();
        for (var round = 0; round < 3; round++)
        {
            await using var one = EventLogProcess.Start(_store, "append", Topic, $"a{round}");
            await using var two = EventLogProcess.Start(_store, "append", Topic, $"b{round}");
            await one.SaidAsync(output => output.Count >= 20);
            await two.SaidAsync(output => output.Count >= 20);
            await Task.WhenAll(one.KillAsync(), two.KillAsync());
            acknowledged[$"a{round}"] = int.Parse(one.Output.Last(), CultureInfo.InvariantCulture);
            acknowledged[$"b{round}"] = int.Parse(two.Output.Last(), CultureInfo.InvariantCulture);
        }

        var log = _store.Open();
        var total = (await log.GetPositionsAsync(Topic, "g", Cancellation)).Sum(p => p.End);
        await using var consumer = log.Subscribe(Topic, "g");
        var read = await consumer.ReadExactlyAsync((int)total, Cancellation);

        foreach (var (writer, last) in acknowledged)
        {
            var keys = read.Where(e => e.Event.Key.StartsWith(writer, StringComparison.Ordinal)).GroupBy(e => e.Event.Key).ToList();
            Assert.Equal(5, keys.Count);
            Assert.All(keys, key => Assert.Equal(Enumerable.Range(0, key.Count()), key.Select(e => int.Parse(e.Text(), CultureInfo.InvariantCulture))));
            Assert.All(keys, key => Assert.InRange(key.Count(), last + 1, last + 2));

            // An append is one transaction: all its events or none.
            Assert.Single(keys.Select(key => key.Count()).Distinct());
        }
    }
}

using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using MlSystem.ServiceDefaults.EventLog;

namespace MlSystem.ServiceDefaults.Tests.EventLog;

/// <summary>Random interleavings of appends, reads, commits, crashes, joins and leaves.</summary>
public class InterleavingTests
{
    private const string Topic = "interleaving";
    private const int Keys = 6;

    [Fact]
    [SuppressMessage("Usage", "VSTHRD002", Justification = "FsCheck runs properties synchronously; xunit has no synchronisation context here.")]
    public void Order_within_a_key_holds_and_nothing_is_lost() =>
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(25).WithReplay(20260101, 7),
            Prop.ForAll(Gen.Choose(0, 99).ListOf(60).ToArbitrary(), steps => RunAsync([.. steps]).GetAwaiter().GetResult()));

    private static async Task<bool> RunAsync(List<int> steps)
    {
        await using var store = new EmbeddedFixture();
        var run = new Run(store);
        foreach (var step in steps)
        {
            await run.StepAsync(step);
        }

        return await run.FinishAsync();
    }

    /// <summary>Up to three consumers of one group. What a consumer read is handled when it commits; a crash forgets what it read.</summary>
    private sealed class Run(EmbeddedFixture store)
    {
        private readonly IEventLog _writer = store.Open();
        private readonly List<(IEventConsumer Consumer, List<StoredEvent> Read)> _consumers = [];
        private readonly Dictionary<string, int> _next = [];
        private readonly Dictionary<string, List<int>> _handled = [];

        public Task StepAsync(int step) => step switch
        {
            < 35 => AppendAsync(step),
            < 60 => ReadAsync(step),
            < 75 => CommitAsync(step),
            < 85 => JoinAsync(),
            _ => LeaveAsync(step),
        };

        public async Task<bool> FinishAsync()
        {
            while (_consumers.Count > 0)
            {
                await LeaveAsync(0);
            }

            await JoinAsync();
            while ((await _writer.GetPositionsAsync(Topic, "g", CancellationToken.None)).Any(p => p.Committed < p.End))
            {
                await ReadAsync(0);
                await CommitAsync(0);
            }

            await LeaveAsync(0);
            return _next.All(key => InOrder(_handled[key.Key], key.Value));
        }

        /// <summary>Everything came, and a number is handled for the first time only behind all smaller ones.</summary>
        private static bool InOrder(List<int> handled, int count) =>
            handled.Distinct().SequenceEqual(Enumerable.Range(0, count));

        private Task AppendAsync(int step) => _writer.AppendAsync(
            Topic,
            [.. Enumerable.Range(0, 1 + step % 7).Select(i =>
            {
                var key = $"k{(step + i) % Keys}";
                _next[key] = _next.GetValueOrDefault(key) + 1;
                return Events.Of(key, (_next[key] - 1).ToString(CultureInfo.InvariantCulture));
            })],
            CancellationToken.None);

        private async Task ReadAsync(int step)
        {
            if (_consumers.Count == 0)
            {
                return;
            }

            var (consumer, read) = _consumers[step % _consumers.Count];
            using var moment = new CancellationTokenSource(TimeSpan.FromMilliseconds(30));
            try
            {
                read.AddRange(await consumer.ReadAsync(1 + step % 5, moment.Token));
            }
            catch (OperationCanceledException)
            {
                // Nothing for this member now.
            }
        }

        private async Task CommitAsync(int step)
        {
            if (_consumers.Count == 0)
            {
                return;
            }

            var (consumer, read) = _consumers[step % _consumers.Count];
            foreach (var e in read)
            {
                if (!_handled.TryGetValue(e.Event.Key, out var numbers))
                {
                    _handled[e.Event.Key] = numbers = [];
                }

                numbers.Add(int.Parse(e.Text(), CultureInfo.InvariantCulture));
            }

            read.Clear();
            await consumer.CommitAsync(CancellationToken.None);
        }

        private Task JoinAsync()
        {
            if (_consumers.Count < 3)
            {
                _consumers.Add((store.Open().Subscribe(Topic, "g"), []));
            }

            return Task.CompletedTask;
        }

        /// <summary>Leaves without a commit: for the group the same as a crash.</summary>
        private async Task LeaveAsync(int step)
        {
            if (_consumers.Count > 0)
            {
                var index = step % _consumers.Count;
                await _consumers[index].Consumer.DisposeAsync();
                _consumers.RemoveAt(index);
            }
        }
    }
}

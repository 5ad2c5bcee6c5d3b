using System.Globalization;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Ingestion;
using MlSystem.FeatureStore.Streams;
using static MlSystem.FeatureStore.Tests.Streams.StreamPlans;

namespace MlSystem.FeatureStore.Tests.Streams;

/// <summary>The state machine of aggregates against brute force, on random events: out of order, late, from the past, live, ahead.</summary>
public sealed class StreamPartitionTests
{
    private const long SecondUs = 1_000_000;
    private const long T0 = 1_772_366_400 * SecondUs;

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, Environment.GetEnvironmentVariable("MLSYSTEM_SOAK") is null ? 40 : 2_000)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Every_entity_always_shows_what_brute_force_computes_and_a_state_that_was_read_back_makes_the_same_rows(int seed)
    {
        var random = new Random(seed);
        var plan = RandomPlan(random);
        var (state, oracle) = (New(plan), new StreamOracle(plan));
        var shown = new Dictionary<string, (long EventUs, long CreatedUs, string[] Values)>(StringComparer.Ordinal);
        var events = RandomEvents(random, live: seed % 2 == 0);
        for (var next = 0; next < events.Length;)
        {
            var batch = events[next..Math.Min(events.Length, next + random.Next(1, 30))];
            next += batch.Length;
            var nowUs = batch[^1].LoggedUs;
            var copy = Copy(plan, state);
            var rows = state.Apply(batch, batch[^1].Offset + 1, nowUs);
            Array.ForEach(batch, oracle.Take);
            AssertSame(rows, copy.Apply(batch, batch[^1].Offset + 1, nowUs));
            Show(plan, rows, shown, random.Next(3) == 0 ? null : state);
            if (random.Next(3) == 0)
            {
                var clock = state.Header.ClockUs + random.NextInt64(90 * SecondUs);
                oracle.Advance(clock, nowUs);
                Show(plan, state.Advance(clock, nowUs), shown, state);
            }

            Assert.Equal(oracle.ClockUs, state.Header.ClockUs);
            foreach (var user in Users)
            {
                var expected = oracle.Values(user);
                Assert.Equal(
                    string.Join(' ', expected.Select((value, i) => Rounded(plan, i, value))),
                    string.Join(' ', (shown.TryGetValue(user, out var row) ? row.Values : Empty(plan)).Select((value, i) => Rounded(plan, i, value))));
            }
        }

        Assert.Equal(oracle.Late, state.Late);
    }

    [Fact]
    public void A_window_that_nothing_comes_into_empties_by_the_clock_alone_and_the_entity_is_forgotten()
    {
        var plan = Of(0, 0, Aggregation("count", null, Sliding(60), Tumbling(30)), Aggregation("last", "item", Sliding(60)));
        var state = New(plan);
        var row = Assert.Single(state.Apply([Event(0, T0, T0, "a", 5, "x")], 1, T0));
        Assert.Equal(["1", "0", "x"], Texts(plan, row));
        Assert.Equal((T0, 1), (row.EventUs, state.Keys.Count));

        var rows = state.Advance(T0 + (30 * SecondUs), T0);
        Assert.Equal(["1", "1", "x"], Texts(plan, Assert.Single(rows)));
        Assert.Equal(T0 + (30 * SecondUs), rows[0].EventUs);

        rows = state.Advance(T0 + (120 * SecondUs), T0);
        Assert.Equal([(60, "1 0 x"), (61, "0 0 null")], rows.Select(row => ((row.EventUs - T0) / SecondUs, string.Join(' ', Texts(plan, row)))));
        Assert.Equal((0, 0), (state.Keys.Count, state.Panes));
        Assert.Empty(state.Advance(T0 + (1200 * SecondUs), T0));
    }

    [Fact]
    public void Memory_of_an_entity_is_bounded_however_many_events_come()
    {
        var plan = Of(10, 60, Aggregation("count", null, Sliding(60), Sliding(3600), Sliding(86400)));
        var state = New(plan);
        for (var i = 0; i < 200_000; i++)
        {
            state.Apply([Event(i, T0 + (i * 3 * SecondUs), T0 + (i * 3 * SecondUs), "a", i, "x")], i + 1, T0);
        }

        Assert.InRange(state.Panes, 100, 3 * 62);
    }

    [Fact]
    public void An_event_far_ahead_of_the_log_is_refused_and_moves_no_clock()
    {
        var plan = Of(10, 60, Aggregation("count", null, Sliding(60)));
        var state = New(plan);
        Assert.Empty(state.Apply([Event(0, T0 + (3601 * SecondUs), T0, "a", 1, "x")], 1, T0));
        Assert.Single(state.Apply([Event(1, T0 + (50 * SecondUs), T0, "a", 1, "x")], 2, T0));
        Assert.Equal((1, T0), (state.Ahead, state.Header.ClockUs));
    }

    private static readonly string[] Users = ["a", "b", "c"];

    private static StreamPlan RandomPlan(Random random)
    {
        WindowDefinition[] windows = [Sliding(7), Sliding(60), Tumbling(10), Tumbling(45), Hopping(60, 15), Hopping(20, 20), Sliding(600)];
        (string Function, string? Column)[] functions =
            [("count", null), ("count", "item"), ("sum", "amount"), ("mean", "amount"), ("min", "amount"), ("max", "amount"), ("last", "item"), ("distinct", "item"), ("quantile", "amount")];
        return Of(
            random.Next(3) * 5, random.Next(3) * 20,
            [.. functions.Select(function => Aggregation(function.Function, function.Column, [.. windows.Where(_ => random.Next(2) == 0).Append(windows[random.Next(7)]).Distinct()]))]);
    }

    /// <summary>Half of the seeds are live (logged soon after they happened), half come from the past.</summary>
    private static StreamEvent[] RandomEvents(Random random, bool live)
    {
        var (events, us) = (new StreamEvent[150], T0);
        for (var i = 0; i < events.Length; i++)
        {
            us += random.Next(4) == 0 ? random.NextInt64(100 * SecondUs) : random.NextInt64(2 * SecondUs);
            var eventUs = random.Next(4) == 0 ? us - random.NextInt64(120 * SecondUs) : us;
            var loggedUs = live ? us + random.NextInt64(SecondUs) : T0 + (86_400 * SecondUs) + i;
            events[i] = Event((i * 2) + 1, eventUs, loggedUs, Users[random.Next(3)], random.Next(5) == 0 ? null : random.Next(1, 40), random.Next(5) == 0 ? null : $"i{random.Next(9)}");
        }

        return events;
    }

    private static StreamEvent Event(long offset, long eventUs, long loggedUs, string user, long? amount, string? item) => new(
        offset, loggedUs, eventUs, user,
        [FeatureValue.Of(user), FeatureValue.Of(eventUs), amount is { } number ? FeatureValue.Of(number) : FeatureValue.Missing, item is null ? FeatureValue.Missing : FeatureValue.Of(item)]);

    private static StreamPartition New(StreamPlan plan) => new(plan, 0, SecondUs, StreamHeader.New(silent: false));

    private static StreamPartition Copy(StreamPlan plan, StreamPartition state)
    {
        var copy = new StreamPartition(plan, 0, SecondUs, state.Header);
        for (var chunk = 0; chunk * StreamKeys.ChunkKeys < state.Keys.Size; chunk++)
        {
            using var bytes = new MemoryStream();
            using var writer = new BinaryWriter(bytes);
            state.WriteChunk(writer, chunk);
            writer.Flush();
            bytes.Position = 0;
            using var reader = new BinaryReader(bytes);
            if (bytes.Length > 0)
            {
                copy.ReadChunk(reader, chunk);
            }
        }

        copy.Keys.CollectFree();
        return copy;
    }

    private static void Show(StreamPlan plan, IReadOnlyList<FeatureRow> rows, Dictionary<string, (long EventUs, long CreatedUs, string[] Values)> shown, StreamPartition? state)
    {
        foreach (var row in rows)
        {
            var user = row.Keys[0].Text!;
            var before = shown.GetValueOrDefault(user);
            Assert.True(before.Values is null || (row.EventUs, row.CreatedUs).CompareTo((before.EventUs, before.CreatedUs)) > 0, "A later row must win, online as in the join.");
            Assert.True(state is null || row.EventUs <= state.Header.ClockUs);
            shown[user] = (row.EventUs, row.CreatedUs, Texts(plan, row));
        }
    }

    private static void AssertSame(IReadOnlyList<FeatureRow> expected, IReadOnlyList<FeatureRow> found) => Assert.Equal(
        expected.Select(row => (row.Keys[0].Text, row.EventUs, row.CreatedUs, string.Join(' ', Texts(row.View, row)))).Order(),
        found.Select(row => (row.Keys[0].Text, row.EventUs, row.CreatedUs, string.Join(' ', Texts(row.View, row)))).Order());

    private static string[] Texts(StreamPlan plan, FeatureRow row) => Texts(plan.View, row);

    private static string[] Texts(FeatureView view, FeatureRow row) => [.. row.Values.Select((value, i) => StreamOracle.Text(value, view.Features[i].Datatype))];

    private static string[] Empty(StreamPlan plan) => [.. plan.Stream.Features.Select(feature => feature.Aggregation.Function is "count" or "sum" or "distinct" ? "0" : "null")];

    /// <summary>A quantile within its error of the exact one counts as equal.</summary>
    private static string Rounded(StreamPlan plan, int feature, string value) =>
        plan.Stream.Features[feature].Aggregation.Function == "quantile" && value != "null" ? Math.Round(double.Parse(value, CultureInfo.InvariantCulture)).ToString(CultureInfo.InvariantCulture) : value;
}

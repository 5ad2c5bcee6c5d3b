using MlSystem.Contracts;
using MlSystem.Inference.Prediction;

namespace MlSystem.Inference.Tests.Batching;

/// <summary>What the chosen delay does to throughput and latency, in simulated time: a run of n rows takes 2 ms + n · 0.05 ms.</summary>
public sealed class AdaptiveDelayTests
{
    private const double ObjectiveMs = 20;
    private static readonly EndpointBatching Adaptive = new() { Mode = BatchingMode.Adaptive, LatencyObjectiveMs = ObjectiveMs };

    /// <summary>Without a delay sixteen clients that ask again when they are answered fall apart into one and fifteen.</summary>
    [Fact]
    public async Task Clients_that_wait_for_their_answers_meet_in_one_run()
    {
        var without = await new Simulation(new EndpointBatching()).RunClientsAsync(clients: 16, seconds: 4);
        var with = await new Simulation(Adaptive).RunClientsAsync(clients: 16, seconds: 4);
        Assert.True(with.PerSecond > 1.3 * without.PerSecond, $"{with} against {without}");
        Assert.True(with.Percentile(0.99) <= ObjectiveMs, with.ToString());
    }

    /// <summary>The same requests at the same times: not one is later.</summary>
    [Fact]
    public async Task At_low_load_there_is_no_delay()
    {
        var without = await new Simulation(new EndpointBatching()).RunArrivalsAsync(perSecond: 100, seconds: 4);
        var with = await new Simulation(Adaptive).RunArrivalsAsync(perSecond: 100, seconds: 4);
        Assert.Equal(without.Milliseconds, with.Milliseconds);
        Assert.True(with.Milliseconds.Count > 300);
    }

    [Fact]
    public async Task One_client_never_waits_for_others()
    {
        var alone = await new Simulation(Adaptive).RunClientsAsync(clients: 1, seconds: 2);
        Assert.True(alone.Percentile(1) < 2.5, alone.ToString());
    }

    [Theory]
    [InlineData(600)]
    [InlineData(1500)]
    [InlineData(4000)]
    public async Task The_objective_holds_and_the_model_computes_less(double perSecond)
    {
        var without = await new Simulation(new EndpointBatching()).RunArrivalsAsync(perSecond, seconds: 4);
        var with = await new Simulation(Adaptive).RunArrivalsAsync(perSecond, seconds: 4);
        Assert.True(with.Percentile(0.99) <= ObjectiveMs, with.ToString());
        Assert.True(with.BusyMilliseconds < 0.95 * without.BusyMilliseconds, $"{with} against {without}");
        Assert.Equal(without.Milliseconds.Count, with.Milliseconds.Count);
    }

    /// <summary>When the load ends a request that is left alone waits no longer than half of the objective.</summary>
    [Fact]
    public async Task The_last_ones_do_not_wait_for_who_does_not_come()
    {
        var simulation = new Simulation(Adaptive);
        await simulation.RunClientsAsync(clients: 16, seconds: 2);
        var rest = await simulation.RunClientsAsync(clients: 1, seconds: 2);
        Assert.True(rest.Percentile(1) <= ObjectiveMs, rest.ToString());
        Assert.True(rest.Percentile(0.5) < 2.5, rest.ToString());
    }

    /// <summary>Of 6,000 rows a second a run waits up to 5 ms and takes 3.5: who has 8 ms in all must not be kept that long.</summary>
    [Fact]
    public async Task A_run_begins_in_time_for_the_deadlines_of_its_requests()
    {
        var simulation = new Simulation(Adaptive) { Timeout = TimeSpan.FromMilliseconds(8) };
        var done = await simulation.RunArrivalsAsync(perSecond: 6_000, seconds: 2);
        Assert.True(simulation.Refused <= done.Milliseconds.Count / 50, $"{simulation.Refused} refused, {done}");
    }

    private sealed record Result(List<double> Milliseconds, double Seconds, double BusyMilliseconds)
    {
        public double PerSecond => Milliseconds.Count / Seconds;

        public double Percentile(double share) => Milliseconds.Order().ElementAt((int)Math.Min(share * Milliseconds.Count, Milliseconds.Count - 1));

        public override string ToString() => $"{PerSecond:0} a second, p50 {Percentile(0.5):0.0} ms, p99 {Percentile(0.99):0.0} ms, busy {BusyMilliseconds:0} ms";
    }

    /// <summary>One instance; time goes on in steps of a twentieth of a millisecond.</summary>
    private sealed class Simulation(EndpointBatching batching)
    {
        private static readonly TimeSpan Step = TimeSpan.FromMicroseconds(50);
        private readonly EngineBed _bed = new(batching, runtime: new FakeRuntime { Immediate = false });
        private readonly List<(FakeCall Call, double Began)> _open = [];
        private readonly Dictionary<FakeRun, double> _ends = [];
        private double _now;
        private double _busy;

        public TimeSpan? Timeout { get; init; }

        public int Refused { get; private set; }

        /// <summary>Each asks again at once when it is answered.</summary>
        public Task<Result> RunClientsAsync(int clients, double seconds) => RunAsync(seconds, () => clients - _open.Count);

        /// <summary>Requests come by themselves, at random times.</summary>
        public Task<Result> RunArrivalsAsync(double perSecond, double seconds)
        {
            var random = new Random(5);
            var next = 0.0;
            return RunAsync(seconds, () =>
            {
                var count = 0;
                for (; next <= _now; next -= Math.Log(1 - random.NextDouble()) / perSecond * 1000)
                {
                    count++;
                }

                return count;
            });
        }

        private async Task<Result> RunAsync(double seconds, Func<int> arriving)
        {
            var (began, busy) = (_now, _busy);
            var latencies = new List<double>();
            while (_now < began + (seconds * 1000) || _open.Count > 0)
            {
                for (var come = _now < began + (seconds * 1000) ? arriving() : 0; come > 0; come--)
                {
                    _open.Add((_bed.Ask([1], timeout: Timeout), _now));
                }

                _bed.Pump();
                _bed.Time.Advance(Step);
                _now += Step.TotalMilliseconds;
                EndRuns();
                await CollectAsync(latencies);
            }

            return new Result(latencies, seconds, _busy - busy);
        }

        private void EndRuns()
        {
            _bed.Pump();
            foreach (var run in _bed.Runtime.Pending.ToList())
            {
                if (_ends.TryAdd(run, _now + 2 + (run.Rows * 0.05)))
                {
                    _busy += 2 + (run.Rows * 0.05);
                }
                else if (_now >= _ends[run])
                {
                    _ends.Remove(run);
                    run.End();
                }
            }

            _bed.Pump();
        }

        private async Task CollectAsync(List<double> latencies)
        {
            foreach (var open in _open.Where(open => open.Call.IsDone).ToList())
            {
                _open.Remove(open);
                if ((await open.Call.EndAsync()).Fault is { } fault)
                {
                    Assert.Equal(FaultKind.DeadlineExceeded, fault.Kind);
                    Refused++;
                }
                else
                {
                    latencies.Add(_now - open.Began);
                }

                open.Call.Dispose();
            }
        }
    }
}

using MlSystem.Contracts;
using MlSystem.Inference.Prediction;

namespace MlSystem.Inference.Tests.Batching;

/// <summary>
/// Random arrivals, sizes, cancellations, deadlines, failures, hangs, swaps and revisions in random order, one step at a time: every
/// caller gets exactly its own rows or one justified error, and no row is run that was refused before.
/// </summary>
public sealed class InterleavingTests
{
    [Fact]
    public async Task Ten_thousand_interleavings_give_every_caller_its_own_rows_or_one_error()
    {
        for (var seed = 0; seed < 10_000; seed++)
        {
            try
            {
                await Task.Run(() => new Interleaving(seed).RunAsync(), TestContext.Current.CancellationToken);
            }
            catch (Exception error)
            {
                throw new InvalidOperationException($"Interleaving {seed}: {error.Message}", error);
            }
        }
    }
}

/// <summary>One random history.</summary>
internal sealed class Interleaving
{
    private const float Bias = 0.5f;
    private readonly Random _random;
    private readonly EngineBed _bed;
    private readonly List<(FakeCall Call, float Expected, bool Poisoned, bool Limited)> _open = [];
    private readonly List<FakeRuntime> _runtimes = [];
    private readonly HashSet<float> _refused = [];
    private readonly List<string> _violations = [];
    private int _nextId = 1;

    public Interleaving(int seed)
    {
        _random = new Random(seed);
        _bed = new EngineBed(Batching(), Limits(), Model(), instances: _random.Next(1, 3), watchdogSeconds: 5, saves: _random.Next(2) == 0);
    }

    public async Task RunAsync()
    {
        for (var step = 0; step < 40; step++)
        {
            Step();
            await CollectAsync();
        }

        for (var round = 0; _open.Count > 0; round++)
        {
            Assert.True(round < 1000, $"{_open.Count} requests are never answered");
            _bed.Pump();
            _runtimes.ForEach(runtime => runtime.Pending.ToList().ForEach(run => EndUnlessHanging(run)));
            _bed.Time.Advance(TimeSpan.FromMilliseconds(100));
            await CollectAsync();
        }

        // What hung to the end comes back when everybody has been told.
        for (var round = 0; _runtimes.Exists(runtime => runtime.Pending.Count > 0) || _bed.Scheduled.Count > 0; round++)
        {
            Assert.True(round < 100, "runs go on after everybody has been told");
            _runtimes.ForEach(runtime => runtime.Pending.ToList().ForEach(run => run.Fail("late")));
            _bed.Pump();
        }

        Assert.Equal((0, 0), (_bed.Gate.Running, _bed.Gate.Waiting));
        Assert.Empty(_violations.Concat(_runtimes.SelectMany(runtime => runtime.Violations)));

        // A version that is tried is let go when the trial has been told, on the pool.
        await Fixture.Requests.EventuallyAsync(() => Task.FromResult(_runtimes.TrueForAll(runtime => runtime.IsDisposed == (runtime != _bed.Runtime))));
        _bed.Dispose();
    }

    private void Step()
    {
        switch (_random.Next(20))
        {
            case < 7:
                Arrive();
                break;
            case < 9:
                OneOf(_open.Select(open => open.Call))?.Cancel();
                break;
            case < 12:
                if (OneOf(_bed.Scheduled) is { } work)
                {
                    _bed.Scheduled.Remove(work);
                    work.Execute();
                }

                break;
            case < 16:
                if (OneOf(_runtimes.SelectMany(runtime => runtime.Pending)) is { } run)
                {
                    EndUnlessHanging(run);
                }

                break;
            case < 18:
                _bed.Time.Advance(TimeSpan.FromMicroseconds(_random.Next(1, 4000)));
                break;
            case 18:
                _bed.Revise(Batching(), Limits());
                break;
            default:
                _bed.Swap(Model(), Batching(), Limits(), _random.Next(1, 3));
                break;
        }
    }

    private void Arrive()
    {
        var ids = Enumerable.Range(0, _random.Next(1, 8)).Select(_ => (float)_nextId++).ToArray();
        var kind = _random.Next(24);
        var fill = kind == 0 ? FakeRuntime.Poison : kind == 1 ? FakeRuntime.Hang : 0f;
        var width = _random.Next(2, 4);
        TimeSpan? timeout = _random.Next(3) == 0 ? TimeSpan.FromMicroseconds(_random.Next(1, 6000)) : null;
        var call = _bed.Ask(ids, width, fill, _random.Next(5), timeout);
        _open.Add((call, ((width - 1) * fill) + Bias, fill != 0, timeout is not null));
    }

    private async Task CollectAsync()
    {
        foreach (var open in _open.Where(open => open.Call.IsDone).ToList())
        {
            _open.Remove(open);
            var (fault, y) = await open.Call.EndAsync();
            if (fault is null)
            {
                Assert.False(open.Poisoned, "a poisoned request was answered");
                Assert.Equal(open.Call.Ids.Select(id => id + open.Expected), y);
            }
            else
            {
                _refused.UnionWith(open.Call.Ids);
                Justify(fault, open.Call, open.Poisoned);
            }

            open.Call.Dispose();
        }
    }

    private static void Justify(Fault fault, FakeCall call, bool poisoned)
    {
        var just = fault.Kind switch
        {
            // A run that hangs fails those that were in it: nobody can tell which of them it was.
            FaultKind.ModelFailed => poisoned || fault.Message.Contains("given up", StringComparison.Ordinal),
            FaultKind.Cancelled => call.WasCancelled,
            FaultKind.DeadlineExceeded or FaultKind.EndpointBusy => true,
            _ => false,
        };
        Assert.True(just, $"{fault} is not justified");
    }

    private static void EndUnlessHanging(FakeRun run)
    {
        if (!run.Hangs)
        {
            run.End();
        }
    }

    private FakeRuntime Model()
    {
        var runtime = new FakeRuntime(Bias) { Immediate = _random.Next(4) == 0, CanStop = _random.Next(2) == 0 };
        runtime.Begins = id =>
        {
            if (_refused.Contains(id))
            {
                _violations.Add($"row {id} was run after its request had been refused");
            }
        };
        _runtimes.Add(runtime);
        return runtime;
    }

    private EndpointBatching Batching() => new()
    {
        Mode = OneOf([BatchingMode.Off, BatchingMode.Dynamic, BatchingMode.Dynamic, BatchingMode.Adaptive])!,
        MaxQueueDelayMicroseconds = _random.Next(2) * _random.Next(5000),
        PreferredBatchSizes = _random.Next(3) == 0 ? [2, 4] : [],
        PriorityLevels = _random.Next(2) * 3,
        PreserveOrdering = _random.Next(4) == 0,
        DefaultTimeoutMicroseconds = _random.Next(2) * _random.Next(1, 3000),
        TimeoutAction = _random.Next(2) == 0 ? QueueTimeoutAction.Reject : QueueTimeoutAction.Delay,
        LatencyObjectiveMs = 5,
    };

    private EndpointLimits Limits() => new()
    {
        MaxConcurrency = _random.Next(3) == 0 ? _random.Next(1, 5) : null,
        MaxQueue = _random.Next(3) == 0 ? _random.Next(0, 4) : null,
        MaxBatchSize = _random.Next(2) == 0 ? _random.Next(1, 9) : null,
    };

    private T? OneOf<T>(IEnumerable<T> items)
        where T : class => items.ToList() is { Count: > 0 } list ? list[_random.Next(list.Count)] : null;
}

using MlSystem.Contracts;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Runtimes;
using MlSystem.Inference.Shadowing;
using MlSystem.Inference.Tensors;
using MlSystem.Inference.Tests.Batching;
using MlSystem.Inference.Tests.Fixture;
using MlSystem.Inference.Tests.Policies;
using MlSystem.Inference.Versions;

namespace MlSystem.Inference.Tests.Shadowing;

/// <summary>A shadow that hangs costs its own copies only.</summary>
public sealed class ShadowHangTests
{
    private const string Endless = """{"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","data":[1e15,0,0]}]}""";
    private static readonly TimeSpan Watchdog = TimeSpan.FromSeconds(5);

    /// <summary>A real loop inside ONNX Runtime, with one shadow run at once: each is stopped and the next copies run.</summary>
    [Fact]
    public async Task Copies_that_hang_are_given_up_and_the_next_are_compared()
    {
        await using var registry = await Traffic.RegistryAsync("linear", [Traffic.Variant("champion", 1), Traffic.Variant("next", 1, role: VariantRole.Shadow, model: "looping")]);
        registry.AddVersion("looping", 1, FaultyModels.Looping(bias: 1000));
        await using var server = await InferenceServer.StartAsync(
            registry.Url, settings: new Dictionary<string, string>(StringComparer.Ordinal) { ["Inference:Runtime:WatchdogSeconds"] = "0.3", ["Inference:Shadowing:MaxConcurrency"] = "1" });
        await Requests.EventuallyAsync(async () => (await server.PolicyAsync("linear")).Variant("next").GetProperty("served").GetBoolean());
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(200, (await server.InferAsync("linear", Endless)).Status);
        }

        await Requests.EventuallyAsync(async () => (await ShadowAsync(server)).GetProperty("failed").GetInt64() == 5, seconds: 60);
        // A copy that comes while a stopped run is still on its way out is refused, so these are sent until five were run.
        await Requests.EventuallyAsync(
            async () =>
            {
                Assert.Equal(200, (await server.InferAsync("linear", Requests.LinearBody(1))).Status);
                return (await ShadowAsync(server)).GetProperty("compared_rows").GetInt64() >= 5;
            },
            seconds: 60);
        Assert.True((await server.PolicyAsync("linear")).Variant("next").GetProperty("served").GetBoolean());
        await server.MetricIsAsync(0, "nv_inference_pending_request_count");
    }

    /// <summary>A run that nothing stops keeps its one thread, which ends with it; other versions' copies go on.</summary>
    [Fact]
    public async Task A_run_that_can_not_be_stopped_keeps_one_thread_until_it_ends()
    {
        using var bed = new EngineBed(watchdogSeconds: Watchdog.TotalSeconds);
        var blocking = new BlockingRuntime();
        var stuck = bed.Load(blocking, instances: 1);
        using var threads = new ShadowThreads(1, Watchdog, bed.Time);

        var first = RunAsync(threads, bed, stuck);
        await Requests.EventuallyAsync(() => Task.FromResult(blocking.Threads.Count == 1));
        var second = RunAsync(threads, bed, stuck);
        bed.Time.Advance(Watchdog + TimeSpan.FromSeconds(1));
        Assert.Contains("did not end within 5 s", (await Assert.ThrowsAsync<InferenceException>(() => first)).Message, StringComparison.Ordinal);
        await Requests.EventuallyAsync(() => Task.FromResult(blocking.Threads.Count == 2));
        bed.Time.Advance(Watchdog + TimeSpan.FromSeconds(1));
        await Assert.ThrowsAsync<InferenceException>(() => second);

        Assert.Equal(FaultKind.Unavailable, (await Assert.ThrowsAsync<InferenceException>(() => RunAsync(threads, bed, stuck))).Fault.Kind);
        await RunAsync(threads, bed, bed.Version);
        Assert.Equal(2, blocking.Threads.Count);
        blocking.Go.Set();
        Assert.All(blocking.Threads, thread => Assert.True(thread.Join(TimeSpan.FromSeconds(30))));
        await RunAsync(threads, bed, stuck);
        stuck.Release();
        await stuck.Freed.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.Equal(2, blocking.LostSets);
    }

    [Fact]
    public async Task A_shadow_that_fails_on_its_own_row_counts_as_crashing()
    {
        using var bed = new EngineBed();
        using var threads = new ShadowThreads(1, Watchdog, bed.Time);
        bed.Runtime.Broken = FakeRuntime.Poison;
        for (var i = 1; i <= 3; i++)
        {
            await Assert.ThrowsAnyAsync<Exception>(() => RunAsync(threads, bed, bed.Version));
            await Requests.EventuallyAsync(() => Task.FromResult(bed.Scheduled.Count == 1));
            bed.Pump();
            Assert.True(bed.Host.Crashes.TryRead(out var crash));
            Assert.Equal(i, crash.InARow);
        }
    }

    /// <summary>As the runner does: whoever waits gives the copy back, also when its run goes on.</summary>
    private static async Task RunAsync(ShadowThreads threads, EngineBed bed, LoadedVersion version)
    {
        var call = bed.Call(version);
        try
        {
            await threads.RunAsync(call, new Deadline(bed.Time, bed.Time.GetTimestamp(), Timeout.InfiniteTimeSpan, CancellationToken.None));
        }
        finally
        {
            call.Release();
        }
    }

    private static async Task<System.Text.Json.JsonElement> ShadowAsync(InferenceServer server) => (await server.PolicyAsync("linear")).Variant("next").GetProperty("shadow");

    /// <summary>Computes for as long as the test wants, whatever it is asked.</summary>
    private sealed class BlockingRuntime : IModelRuntime
    {
        private int _lostSets;

        public ManualResetEventSlim Go { get; } = new();

        public List<Thread> Threads { get; } = [];

        public int LostSets => _lostSets;

        public string Platform => "fake";

        public IReadOnlyList<TensorInfo> Inputs { get; } = [new TensorInfo("x", Datatype.Fp32, [-1, -1], nullable: false)];

        public IReadOnlyList<TensorInfo> Outputs { get; } = [new TensorInfo("y", Datatype.Fp32, [-1, 1], nullable: false)];

        public IReadOnlyList<TensorInfo> JoinKeys => [];

        public bool HasRows => true;

        public bool Computes => true;

        public TensorSet Rent() => new(this);

        public void Return(TensorSet tensors) => Interlocked.Add(ref _lostSets, tensors.IsLost ? 1 : 0);

        public ValueTask RunAsync(TensorSet tensors, Deadline deadline)
        {
            if (!Go.IsSet)
            {
                lock (Threads)
                {
                    Threads.Add(Thread.CurrentThread);
                }
            }

            Go.Wait(CancellationToken.None);
            return ValueTask.CompletedTask;
        }

        public void Dispose() => Go.Dispose();
    }
}

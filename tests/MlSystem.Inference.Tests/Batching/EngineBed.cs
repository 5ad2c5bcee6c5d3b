using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using MlSystem.Contracts;
using MlSystem.Inference.Admission;
using MlSystem.Inference.Bandits;
using MlSystem.Inference.Batching;
using MlSystem.Inference.Metrics;
using MlSystem.Inference.Policies;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Routing;
using MlSystem.Inference.Runtimes;
using MlSystem.Inference.Tensors;
using MlSystem.Inference.Versions;
using Endpoint = MlSystem.Contracts.Endpoint;

namespace MlSystem.Inference.Tests.Batching;

/// <summary>The engine as the server composes it, with a hand on time, on the threads and on the model.</summary>
internal sealed class EngineBed : IDisposable, IRunScheduler
{
    private static readonly BatchingOptions Options = new();
    private readonly EngineHost _host;
    private readonly GateKeeper _gates;
    private readonly VariantStatistics _statistics = new("e", "1", "champion");
    private RoutedVariant _variant;
    private EndpointRoute _route;
    private readonly ModelProfile _profile;
    private long _revision;

    /// <param name="saves">Whether sharing a run is worthwhile.</param>
    public EngineBed(EndpointBatching? batching = null, EndpointLimits? limits = null, FakeRuntime? runtime = null, int instances = 1, double watchdogSeconds = 60, bool saves = false)
    {
        _profile = new ModelProfile(RowsIndependent: true, saves ? [(1, 20e-6), (32, 64e-6)] : []);
        Runtime = runtime ?? new FakeRuntime();
        _host = new EngineHost(this, Microsoft.Extensions.Options.Options.Create(Options), Microsoft.Extensions.Options.Options.Create(new RuntimeOptions { WatchdogSeconds = watchdogSeconds }), Time);
        _gates = new GateKeeper(Microsoft.Extensions.Options.Options.Create(new AdmissionOptions()));
        Version = Load(Runtime, instances);
        (_route, _variant) = Route(batching, limits);
    }

    public FakeTimeProvider Time { get; } = new();

    public FakeRuntime Runtime { get; private set; }

    public LoadedVersion Version { get; private set; }

    public EngineHost Host => _host;

    public RunStatistics Statistics => _statistics.Runs;

    public EndpointGate Gate => _route.Gate;

    /// <summary>Work that waits for a thread.</summary>
    public List<IThreadPoolWorkItem> Scheduled { get; } = [];

    public void Queue(IThreadPoolWorkItem work, bool slow) => Scheduled.Add(work);

    /// <summary>Lets the threads do all they have.</summary>
    public void Pump()
    {
        for (var done = 0; Scheduled.Count > 0; done++)
        {
            Assert.True(done < 10_000, $"the threads find no end: {Gate.Running} run, {Gate.Waiting} wait, {Runtime.Pending.Count} pending, next {Scheduled[0]}");
            var work = Scheduled[0];
            Scheduled.RemoveAt(0);
            work.Execute();
        }
    }

    /// <summary>Makes another version the endpoint's; the old one leaves memory when its last request is done.</summary>
    public void Swap(FakeRuntime runtime, EndpointBatching? batching, EndpointLimits? limits, int instances)
    {
        var old = Version;
        Runtime = runtime;
        Version = Load(runtime, instances);
        (_route, _variant) = Route(batching, limits);
        old.Release();
    }

    /// <summary>Revises the endpoint's settings.</summary>
    public void Revise(EndpointBatching? batching, EndpointLimits? limits) => (_route, _variant) = Route(batching, limits);

    /// <summary>A request with rows whose first values are <paramref name="ids"/> and the rest <paramref name="fill"/>.</summary>
    public FakeCall Ask(float[] ids, int width = 2, float fill = 0, long priority = 0, TimeSpan? timeout = null) =>
        Ask(_variant.Queue(_route, Options), ids, width, fill, priority, timeout);

    /// <summary>Rows that come from no endpoint, as those of graphs and explanations.</summary>
    public FakeCall AskOwn(float[] ids, int width = 2, float fill = 0, long priority = 0, TimeSpan? timeout = null) =>
        Ask(Version.Engine.Own, ids, width, fill, priority, timeout);

    private FakeCall Ask(VariantQueue queue, float[] ids, int width, float fill, long priority, TimeSpan? timeout)
    {
        var version = Version;
        Assert.True(version.TryAcquire());
        var tensors = version.Runtime.Rent();
        var x = tensors.Inputs[0];
        x.Resize([ids.Length, width], ids.Length * width);
        x.IsPresent = true;
        x.Values<float>().Fill(fill);
        for (var row = 0; row < ids.Length; row++)
        {
            x.Values<float>()[row * width] = ids[row];
        }

        var stop = new CancellationTokenSource();
        var deadline = new Deadline(Time, Time.GetTimestamp(), timeout ?? Timeout.InfiniteTimeSpan, stop.Token);
        return new FakeCall(version, tensors, ids, stop, queue.RunAsync(tensors, ids.Length, priority, deadline));
    }

    /// <summary>A call of the endpoint for a version, which it holds a lease on.</summary>
    public InferenceCall Call(LoadedVersion version)
    {
        Assert.True(version.TryAcquire());
        var tensors = version.Runtime.Rent();
        tensors.Inputs[0].Resize([1, 1], 1);
        tensors.Inputs[0].IsPresent = true;
        tensors.Inputs[0].Values<float>()[0] = 0;
        var variant = new RoutedVariant("e", "shadow", version, 1, new VariantStatistics("e", "1", "shadow")) { Tag = 2, Choices = new VariantChoices("e", "1", "shadow"), Arm = new BanditArm() };
        return new InferenceCall { Route = _route, Variant = variant, Tensors = tensors, RequestId = "", Time = Time.GetUtcNow(), Started = Time.GetTimestamp() };
    }

    public void Dispose() => _host.Dispose();

    /// <summary>A version that is resident.</summary>
    public LoadedVersion Load(IModelRuntime runtime, int instances) => new(
        new VersionKey("m", 1), runtime, Execution.Of(new ExecutionSettings { Instances = instances }, new RuntimeOptions()), lineage: null, _profile, _host)
    {
        Signature = new ModelSignature { Task = ModelTask.Custom, Inputs = [], Outputs = [] },
        Members = [],
    };

    private (EndpointRoute, RoutedVariant) Route(EndpointBatching? batching, EndpointLimits? limits)
    {
        var endpoint = new Endpoint
        {
            Name = "e", Revision = ++_revision, Variants = [], Author = "test", Reason = "test", CreatedAt = default, Batching = batching ?? new EndpointBatching(), Limits = limits ?? new EndpointLimits(),
        };
        var route = new EndpointRoute { Endpoint = endpoint, Wanted = endpoint, Live = [], Problems = new Dictionary<string, string>(StringComparer.Ordinal), Gate = _gates.For("e", endpoint.Limits) };
        return (route, new RoutedVariant("e", "champion", Version, 1, _statistics) { Tag = 1, Choices = new VariantChoices("e", "1", "champion"), Arm = new BanditArm() });
    }
}

/// <summary>One request under way.</summary>
internal sealed class FakeCall(LoadedVersion version, TensorSet tensors, float[] ids, CancellationTokenSource stop, ValueTask<RunOutcome> task) : IDisposable
{
    private RunOutcome? _outcome;

    public IReadOnlyList<float> Ids { get; } = ids;

    public bool IsDone => _outcome is not null || task.IsCompleted;

    public bool WasCancelled => stop.IsCancellationRequested;

    public void Cancel() => stop.Cancel();

    /// <summary>The outcome and the first column of the outputs; gives the tensors back as the predictor does.</summary>
    public async Task<(Fault? Fault, IReadOnlyList<float> Y)> EndAsync()
    {
        Assert.True(task.IsCompleted, "the request is not done");
        _outcome = await task;
        var y = _outcome.Value.Fault is null ? tensors.Outputs[0].Values<float>().ToArray() : [];
        version.Runtime.Return(tensors);
        version.Release();
        return (_outcome.Value.Fault, y);
    }

    public void Dispose() => stop.Dispose();
}

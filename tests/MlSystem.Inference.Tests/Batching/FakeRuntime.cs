using System.Collections.Concurrent;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Runtimes;
using MlSystem.Inference.Tensors;

namespace MlSystem.Inference.Tests.Batching;

/// <summary>
/// x FP32 [N, W] → y FP32 [N, 1] = the sum of a row plus a bias. Runs end when the test says so: a real model can't be held in the
/// middle of a run. It notes what a real one would not tell: tensors that are used by two at once.
/// </summary>
internal sealed class FakeRuntime(float bias = 0) : IModelRuntime
{
    /// <summary>A row with this value fails every run that it is in.</summary>
    public const float Poison = -1;

    /// <summary>A run with this value hangs until it is stopped.</summary>
    public const float Hang = -2;

    private readonly ConcurrentBag<TensorSet> _pool = [];
    private readonly HashSet<TensorSet> _busy = [];

    public string Platform => "fake";

    public IReadOnlyList<TensorInfo> Inputs { get; } = [new TensorInfo("x", Datatype.Fp32, [-1, -1], nullable: false)];

    public IReadOnlyList<TensorInfo> Outputs { get; } = [new TensorInfo("y", Datatype.Fp32, [-1, 1], nullable: false)];

    public IReadOnlyList<TensorInfo> JoinKeys => [];

    public bool HasRows => true;

    public bool Computes => true;

    public bool CanStop { get; init; } = true;

    /// <summary>Whether every run fails or, where it is <see cref="Hang"/>, hangs; 0: as its rows say.</summary>
    public float Broken { get; set; }

    /// <summary>Whether a run ends at once.</summary>
    public bool Immediate { get; set; } = true;

    /// <summary>Rows too many in every output.</summary>
    public int SurplusRows { get; set; }

    /// <summary>Runs under way.</summary>
    public List<FakeRun> Pending { get; } = [];

    /// <summary>Rows of each run, in order.</summary>
    public List<int> Runs { get; } = [];

    public bool IsDisposed { get; private set; }

    /// <summary>What went wrong that no caller could see.</summary>
    public List<string> Violations { get; } = [];

    /// <summary>Is told the ids (first values) of the rows that a run begins with.</summary>
    public Action<float>? Begins { get; set; }

    public TensorSet Rent() => _pool.TryTake(out var tensors) ? tensors : new FakeSet(this);

    public void Return(TensorSet tensors)
    {
        if (_busy.Contains(tensors))
        {
            if (!tensors.IsLost)
            {
                Violations.Add("tensors were returned while a run worked on them");
            }

            return;
        }

        tensors.Inputs[0].IsPresent = false;
        _pool.Add(tensors);
    }

    public ValueTask RunAsync(TensorSet tensors, Deadline deadline)
    {
        if (IsDisposed)
        {
            Violations.Add("a freed model was run");
        }

        var x = tensors.Inputs[0];
        Runs.Add((int)x.Shape[0]);
        if (!_busy.Add(tensors))
        {
            Violations.Add("two runs work on the same tensors");
        }

        for (var row = 0; row < x.Shape[0]; row++)
        {
            Begins?.Invoke(x.Values<float>()[row * (int)x.Shape[1]]);
        }

        var run = new FakeRun(this, tensors, [.. x.Values<float>(), .. Broken == 0 ? [] : (float[])[Broken]], (int)x.Shape[0]);
        Pending.Add(run);
        if (Immediate && !run.Hangs)
        {
            run.End();
        }

        return new ValueTask(run.Done.Task);
    }

    public void Dispose() => IsDisposed = true;

    internal void Ended(TensorSet tensors) => _busy.Remove(tensors);

    internal void Fill(TensorSet tensors, float[] x, int rows)
    {
        var y = tensors.Outputs[0];
        y.Resize([rows + SurplusRows, 1], rows + SurplusRows);
        var width = x.Length / rows;
        for (var row = 0; row < rows; row++)
        {
            y.Values<float>()[row] = x.AsSpan(row * width, width).ToArray().Sum() + bias;
        }
    }

    private sealed class FakeSet(FakeRuntime runtime) : TensorSet(runtime)
    {
        public override void Stop()
        {
            if (runtime.CanStop && runtime.Pending.Find(run => run.Tensors == this) is { } run)
            {
                run.IsStopped = true;
            }
        }
    }
}

/// <summary>A run under way.</summary>
internal sealed class FakeRun(FakeRuntime runtime, TensorSet tensors, float[] x, int rows)
{
    public TensorSet Tensors { get; } = tensors;

    public int Rows => rows;

    // Continuations run where the test ends the run, so that it decides the order of everything.
    public TaskCompletionSource Done { get; } = new();

    public bool IsStopped { get; set; }

    public bool Hangs => x.Contains(FakeRuntime.Hang) && !IsStopped;

    /// <summary>Ends it as its rows want it.</summary>
    public void End()
    {
        if (IsStopped || x.Contains(FakeRuntime.Poison))
        {
            Fail(IsStopped ? "stopped" : "poisoned");
            return;
        }

        runtime.Pending.Remove(this);
        runtime.Fill(Tensors, x, rows);
        runtime.Ended(Tensors);
        Done.SetResult();
    }

    public void Fail(string why)
    {
        runtime.Pending.Remove(this);
        runtime.Ended(Tensors);
        Done.SetException(new InvalidOperationException(why));
    }
}

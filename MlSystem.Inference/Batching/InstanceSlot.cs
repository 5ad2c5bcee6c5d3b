using System.Runtime.InteropServices;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Runtimes;

namespace MlSystem.Inference.Batching;

/// <summary>One run at a time of a version. Padded: two threads on two slots must not share a cache line.</summary>
[StructLayout(LayoutKind.Sequential)]
internal sealed class InstanceSlot(VersionEngine engine, int index) : IThreadPoolWorkItem
{
    private const int Free = 0;
    private const int Taken = 1;
    private const int Stopping = 2;
    private const int Lost = 3;
    private readonly Padding _before;
    private int _state;
    private long _started;
    private readonly Padding _after;

    public int Index { get; } = index;

    /// <summary>The tensors that the model runs on.</summary>
    public TensorSet? Running { get; private set; }

    /// <summary>The requests of the run; null where a request runs itself.</summary>
    public List<RunPart>? Parts { get; set; }

    /// <summary>Requests that are to be run after <see cref="Parts"/>, each by itself.</summary>
    public List<RunPart> Rest { get; set; } = [];

    /// <summary>Requests that the run has settled, whose callers go on when the slot is handed on.</summary>
    public Callers Callers { get; private set; } = engine.NewCallers();

    public ComputeThreads.Worker? Worker { get; private set; }

    /// <summary>When the run began; 0 when none is under way.</summary>
    public long Started => Volatile.Read(ref _started);

    /// <summary>Why a lost run was given up.</summary>
    public Fault? GivenUp { get; private set; }

    public bool TryTake() => Volatile.Read(ref _state) == Free && Interlocked.CompareExchange(ref _state, Taken, Free) == Free;

    public void Begin(TensorSet tensors, long now)
    {
        Running = tensors;
        Volatile.Write(ref _started, now);
    }

    public void End() => Volatile.Write(ref _started, 0);

    /// <summary>Frees the slot; false when it was given up in between.</summary>
    public bool TryFree()
    {
        Volatile.Write(ref _started, 0);
        if (Interlocked.CompareExchange(ref _state, Free, Taken) == Taken)
        {
            return true;
        }

        _ = IsLost();
        return false;
    }

    /// <summary>Whether the slot was given up; waits while that is being decided.</summary>
    public bool IsLost()
    {
        SpinWait spin = default;
        while (Volatile.Read(ref _state) == Stopping)
        {
            spin.SpinOnce();
        }

        return Volatile.Read(ref _state) == Lost;
    }

    /// <summary>Gives the run up: the model is asked to stop, and whoever comes back with it finds the slot lost.</summary>
    public bool TryGiveUp(Fault fault)
    {
        if (Interlocked.CompareExchange(ref _state, Stopping, Taken) != Taken)
        {
            return false;
        }

        GivenUp = fault;
        Running?.Stop();
        Worker?.Replace();
        Volatile.Write(ref _state, Lost);
        return true;
    }

    /// <summary>Takes the settled requests along: the slot may be another thread's soon.</summary>
    public Callers TakeCallers()
    {
        var callers = Callers;
        if (!callers.IsEmpty)
        {
            Callers = engine.NewCallers();
        }

        return callers;
    }

    public void Execute()
    {
        Worker = ComputeThreads.Current;
        _ = engine.DrainAsync(this);
    }

    [StructLayout(LayoutKind.Sequential, Size = 64)]
    private readonly struct Padding;
}

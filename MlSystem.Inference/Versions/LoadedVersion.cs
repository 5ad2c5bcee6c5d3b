using MlSystem.Contracts;
using MlSystem.Inference.Batching;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Runtimes;
using MlSystem.ServiceDefaults.Hosting;

namespace MlSystem.Inference.Versions;

/// <summary>
/// A resident, warm model version. Counted: whoever uses it holds a lease, and the session is freed when the residents'
/// table has let go of it and the last lease is returned.
/// </summary>
public sealed class LoadedVersion
{
    private readonly TaskCompletionSource _freed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // The residents' table holds the first reference.
    private int _references = 1;
    private long _lastUse = UseClock.Now;

    public LoadedVersion(VersionKey key, IModelRuntime runtime, Execution execution, ModelLineage? lineage, ModelProfile profile, EngineHost host)
    {
        (Key, Runtime, Execution, Lineage, Profile) = (key, runtime, execution, lineage, profile);
        VersionText = key.Version.ToString(System.Globalization.CultureInfo.InvariantCulture);
        Engine = new VersionEngine(this, profile, host);
    }

    public VersionKey Key { get; }

    public IModelRuntime Runtime { get; }

    /// <summary>How it is executed.</summary>
    public Execution Execution { get; }

    public ModelLineage? Lineage { get; }

    /// <summary>Its own, or the one that follows from its model.</summary>
    public required ModelSignature Signature { get; init; }

    /// <summary>The version's files on this machine, verified, by their path in the artifact folder.</summary>
    public IReadOnlyDictionary<string, string> Files { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>The versions that it is made of. They stay resident with it.</summary>
    public required IReadOnlyList<LoadedVersion> Members { get; init; }

    /// <summary>The versions that must be resident for this one, itself among them.</summary>
    public IEnumerable<VersionKey> Needs => Members.SelectMany(member => member.Needs).Append(Key);

    /// <summary>What its first runs have shown.</summary>
    public ModelProfile Profile { get; }

    /// <summary>Runs it.</summary>
    public VersionEngine Engine { get; }

    /// <summary>The version as text, for answers.</summary>
    public string VersionText { get; }

    /// <summary>What it holds beside its runtime and gives back when it is freed: its files, its part of the memory budget.</summary>
    internal IReadOnlyList<IDisposable> Holdings { get; init; } = [];

    /// <summary>Bytes of the memory budget.</summary>
    internal long Bytes { get; init; }

    /// <summary>Called when the last lease is returned while the residents' table keeps the version.</summary>
    internal Action? Idle { get; init; }

    /// <summary>Whether nobody holds a lease.</summary>
    internal bool IsIdle => Volatile.Read(ref _references) == 1;

    /// <summary>When it was last used, by <see cref="UseClock"/>.</summary>
    internal long LastUse => Volatile.Read(ref _lastUse);

    /// <summary>Completes when the session is freed.</summary>
    public Task Freed => _freed.Task;

    /// <summary>
    /// Computes the outputs of a set of this version's tensors, together with others that wait where the model allows it. The caller
    /// holds a lease until it has read the outputs. Endpoints, explanations and graphs all run their rows this way.
    /// </summary>
    /// <param name="rows">Rows in the set; 1 where the model does not count rows.</param>
    /// <param name="priority">1 is highest, 15 lowest, 0 the middle.</param>
    /// <exception cref="InferenceException">Refused, out of time, or the model failed; nothing is executed after the deadline was seen to be over.</exception>
    public async ValueTask RunAsync(TensorSet tensors, int rows, int priority, Deadline deadline)
    {
        var outcome = await Engine.Own.RunAsync(tensors, rows, priority, deadline);
        if (outcome.Fault is { } fault)
        {
            throw new InferenceException(fault);
        }
    }

    /// <summary>Takes a lease; false when the version has been freed or is about to be.</summary>
    public bool TryAcquire()
    {
        var seen = Volatile.Read(ref _references);
        while (seen > 0)
        {
            var before = Interlocked.CompareExchange(ref _references, seen + 1, seen);
            if (before == seen)
            {
                Volatile.Write(ref _lastUse, UseClock.Now);
                return true;
            }

            seen = before;
        }

        return false;
    }

    /// <summary>Returns a lease (or the table's own reference).</summary>
    public void Release()
    {
        switch (Interlocked.Decrement(ref _references))
        {
            case 0 when SocketThreads.IsCurrent:
                ThreadPool.UnsafeQueueUserWorkItem(static version => version.Free(), this, preferLocal: false);
                break;
            case 0:
                Free();
                break;
            case 1:
                Idle?.Invoke();
                break;
        }
    }

    private void Free()
    {
        try
        {
            Engine.Dispose();
            Runtime.Dispose();
            foreach (var holding in Holdings)
            {
                holding.Dispose();
            }
        }
        finally
        {
            NativeHeap.TrimSoon();
            _freed.SetResult();
        }
    }
}

/// <summary>
/// Orders the uses of versions: it moves on with each load. Two uses between the same loads are equally recent, which is all that
/// matters to who must leave for a load, and a request pays one write to memory that its lease has touched.
/// </summary>
internal static class UseClock
{
    private static long _now = 1;

    public static long Now => Volatile.Read(ref _now);

    public static void Tick() => Interlocked.Increment(ref _now);
}

/// <summary>Names a version.</summary>
public readonly record struct VersionKey(string Model, int Version)
{
    public override string ToString() => $"{Model}/{Version}";
}

using Microsoft.Extensions.ObjectPool;
using MlSystem.Contracts;
using MlSystem.Graphs;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Routing;
using MlSystem.Inference.Runtimes;
using MlSystem.Inference.Tensors;
using MlSystem.Inference.Versions;

namespace MlSystem.Inference.Graphs;

/// <summary>A graph of other versions, on each of which it holds a lease as long as it lives.</summary>
public sealed class GraphRuntime : IModelRuntime
{
    /// <summary>The protocol's platform name, as Triton calls its own.</summary>
    public const string PlatformName = "ensemble";

    private readonly Dictionary<GraphMember, LoadedVersion> _members;
    private readonly ObjectPool<TensorSet> _pool;

    /// <param name="members">Leased for this graph.</param>
    internal GraphRuntime(
        VersionKey key, GraphPlan plan, IReadOnlyList<TensorSpec> joinKeys, IReadOnlyDictionary<GraphMember, LoadedVersion> members, RandomSource random, GraphMetrics metrics, long maxPooledBytes)
    {
        (Key, Plan, Random, Metrics) = (key, plan, random, metrics);
        _members = members.ToDictionary();
        Inputs = SignatureTensors.Of(plan.Signature.Inputs);
        Outputs = SignatureTensors.Of(plan.Signature.Outputs);
        JoinKeys = SignatureCheck.JoinKeys(joinKeys);
        HasRows = Inputs.Concat(Outputs).All(tensor => tensor.HasRows);
        _pool = TensorSetPool.Create(() => new TensorSet(this), maxPooledBytes);
    }

    public string Platform => PlatformName;

    public IReadOnlyList<TensorInfo> Inputs { get; }

    public IReadOnlyList<TensorInfo> Outputs { get; }

    public IReadOnlyList<TensorInfo> JoinKeys { get; }

    public bool HasRows { get; }

    public bool Computes => false;

    /// <summary>The versions that it runs.</summary>
    public IReadOnlyList<LoadedVersion> Members => [.. _members.Values];

    internal VersionKey Key { get; }

    internal GraphPlan Plan { get; }

    internal RandomSource Random { get; }

    internal GraphMetrics Metrics { get; }

    public TensorSet Rent() => _pool.Get();

    public void Return(TensorSet tensors) => _pool.Return(tensors);

    public ValueTask RunAsync(TensorSet tensors, Deadline deadline) => RunAsync(tensors, priority: 0, deadline);

    public async ValueTask RunAsync(TensorSet tensors, int priority, Deadline deadline)
    {
        using var run = new GraphRun(this, priority);
        var inputs = new TensorScope();
        foreach (var input in tensors.Inputs)
        {
            inputs[input.Info.Name] = input;
        }

        var outputs = await run.NodeAsync(Plan.Root, inputs, deadline);
        foreach (var output in tensors.Outputs)
        {
            TensorCopy.Whole(outputs[output.Info.Name], output);
        }

        tensors.MembersDropped = run.Dropped;
    }

    public void Dispose()
    {
        (_pool as IDisposable)?.Dispose();
        foreach (var member in _members.Values)
        {
            member.Release();
        }
    }

    internal LoadedVersion Member(GraphMember member) => _members[member];
}

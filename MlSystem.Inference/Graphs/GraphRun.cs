using System.Collections.Concurrent;
using MlSystem.Graphs;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Runtimes;
using MlSystem.Inference.Tensors;
using MlSystem.Inference.Versions;

namespace MlSystem.Inference.Graphs;

/// <summary>One run of a graph, whose members get the request's priority, deadline and caller. What its members and nodes computed lives until the run is disposed, after all its branches have ended.</summary>
internal sealed class GraphRun(GraphRuntime graph, int priority) : IDisposable
{
    private readonly ConcurrentBag<(IModelRuntime Runtime, TensorSet Tensors)> _rented = [];
    private readonly ConcurrentBag<Tensor> _own = [];
    private readonly ConcurrentQueue<string> _dropped = [];

    public GraphRuntime Graph => graph;

    /// <summary>Members that failed and were left out, as <c>{node}/{step}</c>.</summary>
    public IReadOnlyList<string> Dropped => [.. _dropped.Order(StringComparer.Ordinal)];

    /// <summary>Runs a step: hands its target what it takes, and names what comes back as the plan says.</summary>
    /// <param name="response">What the step before it gave, where there was one.</param>
    public Task<TensorScope> StepAsync(string node, PlanStep step, TensorScope request, TensorScope? response, Deadline deadline) =>
        StepAsync(node, step, TensorScope.For(step, request, response), deadline);

    /// <param name="tensors">What the target gets.</param>
    public async Task<TensorScope> StepAsync(string node, PlanStep step, TensorScope tensors, Deadline deadline)
    {
        try
        {
            deadline.Check();
            var outputs = step.Target switch
            {
                PlanNode inner => await NodeAsync(inner, tensors, deadline),
                PlanMember member => await MemberAsync(node, step, member, tensors, deadline),
                _ => throw new InvalidOperationException($"A step of the unknown kind {step.Target.GetType()}."),
            };
            return TensorScope.Renamed(step, outputs);
        }
        catch (InferenceException error) when (step.Target is PlanMember)
        {
            throw new InferenceException(error.Fault.Kind, $"node '{node}', step '{step.Name}': {error.Fault.Message}", error);
        }
    }

    public Task<TensorScope> NodeAsync(PlanNode node, TensorScope tensors, Deadline deadline) => node.RouterType switch
    {
        Contracts.GraphRouter.Sequence => SequenceAsync(node, tensors, deadline),
        Contracts.GraphRouter.Ensemble => EnsembleNode.RunAsync(this, node, tensors, deadline),
        _ => BranchNode.RunAsync(this, node, tensors, deadline),
    };

    /// <summary>Keeps a tensor until the run ends.</summary>
    public Tensor Own(Tensor tensor)
    {
        _own.Add(tensor);
        return tensor;
    }

    public void Drop(string node, PlanStep step) => _dropped.Enqueue($"{node}/{step.Name}");

    public void Dispose()
    {
        foreach (var (runtime, tensors) in _rented)
        {
            runtime.Return(tensors);
        }

        foreach (var tensor in _own)
        {
            tensor.Dispose();
        }
    }

    private async Task<TensorScope> SequenceAsync(PlanNode node, TensorScope tensors, Deadline deadline)
    {
        TensorScope? response = null;
        foreach (var step in node.Steps)
        {
            response = await StepAsync(node.Name, step, tensors, response, deadline);
        }

        return response!;
    }

    private async Task<TensorScope> MemberAsync(string node, PlanStep step, PlanMember member, TensorScope tensors, Deadline deadline)
    {
        var version = graph.Member(member.Version);
        var set = version.Runtime.Rent();
        _rented.Add((version.Runtime, set));
        foreach (var input in set.Inputs)
        {
            TensorCopy.Whole(tensors[input.Info.Name], input);
        }

        await CountedAsync(node, step, version, set, version.Runtime.HasRows ? tensors.Rows() : 1, deadline);
        foreach (var dropped in set.MembersDropped)
        {
            _dropped.Enqueue($"{node}/{step.Name}/{dropped}");
        }

        var outputs = new TensorScope();
        foreach (var output in set.Outputs)
        {
            outputs[output.Info.Name] = output;
        }

        return outputs;
    }

    private async Task CountedAsync(string node, PlanStep step, LoadedVersion version, TensorSet set, int rows, Deadline deadline)
    {
        var outcome = GraphMetrics.Failed;
        try
        {
            await version.RunAsync(set, rows, priority, deadline);
            outcome = GraphMetrics.Succeeded;
        }
        catch (InferenceException error) when (error.Fault.Kind is FaultKind.Cancelled or FaultKind.DeadlineExceeded)
        {
            outcome = GraphMetrics.Cancelled;
            throw;
        }
        catch (Exception error) when (error is not InferenceException)
        {
            throw new InferenceException(FaultKind.ModelFailed, $"{version.Key} failed: {error.Message}", error);
        }
        finally
        {
            graph.Metrics.Count(graph.Key, node, step, version.Key, outcome);
        }
    }
}

using MlSystem.Contracts;
using MlSystem.Graphs.Planning;

namespace MlSystem.Graphs;

/// <summary>A graph whose names are resolved and whose types fit: what is executed.</summary>
public sealed record GraphPlan
{
    public required PlanNode Root { get; init; }

    /// <summary>What the graph takes and gives: the declared signature, or the one that follows from the members'.</summary>
    public required ModelSignature Signature { get; init; }

    /// <summary>Resolves a graph.</summary>
    /// <param name="declared">Its <c>signature.json</c>; null when it has none.</param>
    /// <param name="member">The signature of a version; null when the version can't be used, which is told elsewhere.</param>
    /// <exception cref="GraphException">It can't be run; every problem is told, with its node and tensor.</exception>
    public static GraphPlan Make(EnsembleSpec spec, ModelSignature? declared, Func<GraphMember, ModelSignature?> member)
    {
        CheckShape(spec);
        var problems = new List<string>();
        var planner = new Planner(spec, member, problems);
        var inputs = declared?.Inputs ?? planner.InferInputs();
        var root = planner.Plan(spec.Root, new Scope(inputs));
        Throw(problems);
        var signature = Signatures.Of(declared, inputs, root!.Outputs, problems);
        Throw(problems);
        return new GraphPlan { Root = root, Signature = signature };
    }

    /// <summary>Checks what can be said of a graph without its members.</summary>
    /// <exception cref="GraphException">Every problem, with its node.</exception>
    public static void CheckShape(EnsembleSpec spec)
    {
        var problems = new List<string>();
        GraphShape.Check(spec, problems);
        Throw(problems);
    }

    private static void Throw(List<string> problems)
    {
        if (problems.Count > 0)
        {
            throw new GraphException(string.Join("; ", problems.Distinct(StringComparer.Ordinal)));
        }
    }
}

/// <summary>A graph that can't be run, and why.</summary>
public sealed class GraphException(string message) : Exception(message);

/// <summary>A version, or a node of the same graph.</summary>
public abstract record PlanTarget
{
    /// <summary>Tensors that come out.</summary>
    public required IReadOnlyList<TensorSpec> Outputs { get; init; }
}

/// <summary>A version that is run.</summary>
public sealed record PlanMember : PlanTarget
{
    public required GraphMember Version { get; init; }
}

/// <summary>A node.</summary>
public sealed record PlanNode : PlanTarget
{
    public required string Name { get; init; }

    /// <summary>One of <see cref="GraphRouter"/>.</summary>
    public required string RouterType { get; init; }

    public required IReadOnlyList<PlanStep> Steps { get; init; }

    /// <summary>Switch and Splitter: whether each row finds its own way; else the first row decides for the whole request.</summary>
    public bool PerRow { get; init; }

    /// <summary>Ensemble: how the members' outputs become one.</summary>
    public Combination? Combination { get; init; }

    /// <summary>Ensemble: whether a member that fails is left out.</summary>
    public bool Drops { get; init; }

    /// <summary>Ensemble: members that must answer.</summary>
    public int MinMembers { get; init; }
}

/// <summary>What a node hands to a target and takes from it.</summary>
public sealed record PlanStep
{
    public required string Name { get; init; }

    public required PlanTarget Target { get; init; }

    /// <summary>Input of the target → where it comes from. A node gets these beside all that <see cref="Whole"/> names.</summary>
    public required IReadOnlyDictionary<string, TensorSource> Inputs { get; init; }

    /// <summary>For a node: whether all of the response (else of the request) goes to it.</summary>
    public bool Whole { get; init; }

    /// <summary>Name by which an output leaves the step → the target's output.</summary>
    public required IReadOnlyDictionary<string, string> Renames { get; init; }

    /// <summary>What leaves the step.</summary>
    public required IReadOnlyList<TensorSpec> Outputs { get; init; }

    public Conditions.Condition? Condition { get; init; }

    public double Weight { get; init; } = 1;
}

/// <summary>Where a tensor comes from.</summary>
/// <param name="FromResponse">From the step before or the members; else from what arrived at the node.</param>
public readonly record struct TensorSource(bool FromResponse, string Name);

/// <summary>How an Ensemble's outputs become one.</summary>
public sealed record Combination
{
    /// <summary>One of <see cref="GraphCombine"/>.</summary>
    public required string Kind { get; init; }

    /// <summary>The output that is combined.</summary>
    public string Output { get; init; } = "";

    /// <summary>Soft vote: the classes in the order of the answer; null when the members don't tell them.</summary>
    public IReadOnlyList<string>? Classes { get; init; }

    /// <summary>Soft vote: for each member the column of each class; null where the order is that of the answer.</summary>
    public IReadOnlyList<IReadOnlyList<int>?> Columns { get; init; } = [];

    /// <summary>Stack: the meta-model.</summary>
    public PlanStep? Meta { get; init; }
}

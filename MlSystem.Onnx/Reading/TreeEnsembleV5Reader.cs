using MlSystem.Onnx.Protos;

namespace MlSystem.Onnx;

/// <summary>Reads the node <c>TreeEnsemble</c> of <c>ai.onnx.ml</c> version 5, which keeps branches and leaves apart and knows sets.</summary>
internal sealed class TreeEnsembleV5Reader
{
    private static readonly BranchMode[] ModeOf =
        [BranchMode.LessOrEqual, BranchMode.Less, BranchMode.GreaterOrEqual, BranchMode.Greater, BranchMode.Equal, BranchMode.NotEqual, BranchMode.Member];

    private static readonly string[] AggregateOf = ["AVERAGE", "SUM", "MIN", "MAX"];
    private readonly NodeAttributes _attributes;
    private readonly IReadOnlyList<long> _features;
    private readonly double[] _splits;
    private readonly BranchMode[] _modes;
    private readonly (IReadOnlyList<long> Ids, IReadOnlyList<long> AreLeaves) _true;
    private readonly (IReadOnlyList<long> Ids, IReadOnlyList<long> AreLeaves) _false;
    private readonly IReadOnlyList<long> _missing;
    private readonly double[] _hitRates;
    private readonly IReadOnlyList<long> _targets;
    private readonly double[] _weights;
    private readonly Dictionary<int, IReadOnlySet<double>> _sets;

    private TreeEnsembleV5Reader(NodeAttributes attributes)
    {
        _attributes = attributes;
        _features = attributes.Integers("nodes_featureids");
        _splits = Same("nodes_splits", attributes.Tensor("nodes_splits"), _features.Count);
        _modes = Same("nodes_modes", Array.ConvertAll(attributes.Bytes("nodes_modes"), Mode), _features.Count);
        _true = (Same("nodes_truenodeids", attributes.Integers("nodes_truenodeids"), _features.Count), Same("nodes_trueleafs", attributes.Integers("nodes_trueleafs"), _features.Count));
        _false = (Same("nodes_falsenodeids", attributes.Integers("nodes_falsenodeids"), _features.Count), Same("nodes_falseleafs", attributes.Integers("nodes_falseleafs"), _features.Count));
        _missing = Optional("nodes_missing_value_tracks_true", attributes.Integers("nodes_missing_value_tracks_true"));
        _hitRates = attributes.Tensor("nodes_hitrates") is { Length: > 0 } given ? Same("nodes_hitrates", given, _features.Count) : [];
        _targets = attributes.Integers("leaf_targetids");
        _weights = Same("leaf_weights", attributes.Tensor("leaf_weights"), _targets.Count);
        _sets = Sets(attributes.Tensor("membership_values"));
    }

    /// <exception cref="OnnxGraphException">The node is not sound, or it aggregates by something else than sum or average.</exception>
    public static ModelNode<TreeEnsemble> Read(NodeProto node)
    {
        var attributes = new NodeAttributes(node);
        var aggregate = Named(attributes, "aggregate_function", AggregateOf, fallback: 1);
        var transform = attributes.Integer("post_transform", 0);
        var outputs = attributes.Integer("n_targets", 1);
        var roots = attributes.Integers("tree_roots");
        if (aggregate is not ("SUM" or "AVERAGE"))
        {
            throw attributes.Error($"aggregates by {aggregate}, only SUM and AVERAGE are supported");
        }

        // Measured, ONNX Runtime 1.31 does not give 2 the meaning that the specification does, LOGISTIC.
        if (transform != 0)
        {
            throw attributes.Error($"has the post_transform {transform}, only 0 (NONE) is supported: runtimes differ in the others");
        }

        if (outputs is < 1 or > int.MaxValue || roots.Count == 0 || node.Input.Count == 0 || node.Output.Count == 0)
        {
            throw attributes.Error($"has {outputs} targets, {roots.Count} trees, {node.Input.Count} inputs and {node.Output.Count} results");
        }

        var reader = new TreeEnsembleV5Reader(attributes);
        var scale = aggregate == "SUM" ? 1.0 : 1.0 / roots.Count;
        var ensemble = new TreeEnsemble { Outputs = (int)outputs, Trees = [.. roots.Select(root => reader.Tree(root, (int)outputs, scale))] };
        return new ModelNode<TreeEnsemble>(node.Name, node.Input[0], node.Output[0], ensemble);
    }

    private DecisionTree Tree(long root, int outputs, double scale)
    {
        var nodes = new List<TreeNode>();
        var seen = new HashSet<int>();
        var open = new Stack<(long Id, bool IsLeaf, int Parent, bool Holds)>([(root, false, -1, false)]);
        while (open.TryPop(out var next))
        {
            var position = nodes.Count;
            if (next.Parent >= 0)
            {
                nodes[next.Parent] = next.Holds ? nodes[next.Parent] with { True = position } : nodes[next.Parent] with { False = position };
            }

            if (next.IsLeaf)
            {
                nodes.Add(Leaf(next.Id, scale));
                continue;
            }

            var index = Index("branch", next.Id, _features.Count);
            if (!seen.Add(index))
            {
                throw _attributes.Error($"branch {index} is reached twice in a tree");
            }

            // A tree of one leaf is a branch that leads to it both ways.
            if (_true.AreLeaves[index] != 0 && _false.AreLeaves[index] != 0 && _true.Ids[index] == _false.Ids[index])
            {
                nodes.Add(Leaf(_true.Ids[index], scale));
                continue;
            }

            nodes.Add(Branch(index));
            open.Push((_false.Ids[index], _false.AreLeaves[index] != 0, position, false));
            open.Push((_true.Ids[index], _true.AreLeaves[index] != 0, position, true));
        }

        var tree = new DecisionTree(nodes);
        return tree.Check(int.MaxValue, outputs) is { } problem ? throw _attributes.Error($"the tree at {root} is not sound: {problem}") : tree;
    }

    private TreeNode Branch(int index) => new()
    {
        Feature = (int)Math.Clamp(_features[index], -1, int.MaxValue),
        Mode = _modes[index],
        Threshold = _modes[index] == BranchMode.Member ? 0 : _splits[index],
        Members = _sets.GetValueOrDefault(index),
        MissingGoesTrue = _missing[index] != 0,
        Cover = _hitRates.Length > 0 ? _hitRates[index] : null,
    };

    private TreeNode Leaf(long id, double scale)
    {
        var index = Index("leaf", id, _targets.Count);
        return new TreeNode { Leaf = [new LeafWeight((int)Math.Clamp(_targets[index], -1, int.MaxValue), _weights[index] * scale)] };
    }

    private int Index(string what, long id, int count) => id >= 0 && id < count ? (int)id : throw _attributes.Error($"leads to {what} {id}, of which there are {count}");

    /// <summary>One set for each branch that tests for one, in their order, with NaN between.</summary>
    private Dictionary<int, IReadOnlySet<double>> Sets(double[] values)
    {
        var sets = new List<HashSet<double>>();
        HashSet<double>? open = null;
        foreach (var value in values)
        {
            if (double.IsNaN(value))
            {
                sets.Add(open ?? []);
                open = null;
            }
            else
            {
                (open ??= []).Add(value);
            }
        }

        if (open is not null)
        {
            sets.Add(open);
        }

        var branches = Enumerable.Range(0, _modes.Length).Where(i => _modes[i] == BranchMode.Member).ToList();
        return branches.Count == sets.Count
            ? branches.Zip(sets).ToDictionary(pair => pair.First, pair => (IReadOnlySet<double>)pair.Second)
            : throw _attributes.Error($"membership_values has {sets.Count} sets for {branches.Count} branches that test for one");
    }

    private BranchMode Mode(byte mode) => mode < ModeOf.Length ? ModeOf[mode] : throw _attributes.Error($"{mode} is no mode of a branch, 0 to {ModeOf.Length - 1} are");

    private static T Named<T>(NodeAttributes attributes, string name, T[] values, long fallback)
    {
        var value = attributes.Integer(name, fallback);
        return value >= 0 && value < values.Length ? values[value] : throw attributes.Error($"{name} is {value}, 0 to {values.Length - 1} are defined");
    }

    private IReadOnlyList<long> Optional(string name, IReadOnlyList<long> values) => values.Count == 0 ? new long[_features.Count] : Same(name, values, _features.Count);

    private T[] Same<T>(string name, T[] values, int count) => values.Length == count ? values : throw Wrong(name, values.Length, count);

    private IReadOnlyList<long> Same(string name, IReadOnlyList<long> values, int count) => values.Count == count ? values : throw Wrong(name, values.Count, count);

    private OnnxGraphException Wrong(string name, int count, int expected) => _attributes.Error($"attribute {name} has {count} values, expected {expected}");
}

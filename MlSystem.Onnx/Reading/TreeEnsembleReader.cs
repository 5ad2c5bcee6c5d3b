using MlSystem.Onnx.Protos;

namespace MlSystem.Onnx;

/// <summary>Reads tree ensembles out of a graph's nodes.</summary>
public static class TreeEnsembleReader
{
    /// <summary>
    /// All <c>TreeEnsemble</c>, <c>TreeEnsembleRegressor</c> and <c>TreeEnsembleClassifier</c> nodes, in the graph's order. A classifier has
    /// one output for each class; with two classes a producer may give weights for one of them only.
    /// </summary>
    /// <exception cref="OnnxGraphException">A node is not sound, or it aggregates by something else than sum or average.</exception>
    public static IReadOnlyList<ModelNode<TreeEnsemble>> ReadTreeEnsembles(this OnnxModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return [.. model.Proto.Graph.Node.Where(n => n.Domain == GraphBuilder.MlDomain && n.OpType is "TreeEnsemble" or "TreeEnsembleRegressor" or "TreeEnsembleClassifier")
            .Select(n => n.OpType == "TreeEnsemble" ? TreeEnsembleV5Reader.Read(n) : Read(n))];
    }

    private static ModelNode<TreeEnsemble> Read(NodeProto node)
    {
        var attributes = new NodeAttributes(node);
        var regressor = node.OpType == "TreeEnsembleRegressor";
        var aggregate = attributes.Text("aggregate_function", "SUM");
        if (aggregate is not ("SUM" or "AVERAGE"))
        {
            throw attributes.Error($"aggregates by {aggregate}, only SUM and AVERAGE are supported");
        }

        var outputs = regressor
            ? attributes.Integer("n_targets", 1)
            : Math.Max(attributes.Texts("classlabels_strings").Count, attributes.Integers("classlabels_int64s").Count);
        if (outputs is < 1 or > int.MaxValue || node.Input.Count == 0 || node.Output.Count < (regressor ? 1 : 2))
        {
            throw attributes.Error($"has {outputs} outputs, {node.Input.Count} inputs and {node.Output.Count} results");
        }

        var trees = Trees(attributes, regressor ? "target" : "class", (int)outputs);
        var ensemble = new TreeEnsemble
        {
            Outputs = (int)outputs,
            Trees = aggregate == "SUM" ? trees : [.. trees.Select(tree => Scaled(tree, 1.0 / trees.Count))],
            BaseValues = attributes.Numbers("base_values"),
            PostTransform = TreeModes.ParseTransform(attributes.Text("post_transform", "")),
        };
        return new ModelNode<TreeEnsemble>(node.Name, node.Input[0], node.Output[regressor ? 0 : 1], ensemble)
        {
            IsSingleScore = !regressor && outputs == 2 && attributes.Integers("class_ids").All(id => id == 0),
        };
    }

    private static DecisionTree Scaled(DecisionTree tree, double factor) => new([.. tree.Nodes.Select(node =>
        node.Leaf is null ? node : node with { Leaf = [.. node.Leaf.Select(weight => weight with { Value = weight.Value * factor })] })]);

    private static List<DecisionTree> Trees(NodeAttributes attributes, string prefix, int outputs)
    {
        var leaves = Leaves(attributes, prefix);
        var treeIds = attributes.Integers("nodes_treeids");
        var nodeIds = Same(attributes, "nodes_nodeids", attributes.Integers("nodes_nodeids"), treeIds.Count);
        var trees = new List<DecisionTree>();
        var columns = new NodeColumns(attributes, treeIds.Count);
        foreach (var rows in Enumerable.Range(0, treeIds.Count).GroupBy(i => treeIds[i]))
        {
            var tree = Tree(attributes, columns, [.. rows], nodeIds, id => leaves[(rows.Key, id)]);
            if (tree.Check(int.MaxValue, outputs) is { } problem)
            {
                throw attributes.Error($"tree {rows.Key} is not sound: {problem}");
            }

            trees.Add(tree);
        }

        return trees;
    }

    private static DecisionTree Tree(NodeAttributes attributes, NodeColumns columns, List<int> rows, IReadOnlyList<long> nodeIds, Func<long, IEnumerable<LeafWeight>> leaf)
    {
        // The root is the node that none other leads to; it goes first.
        var children = rows.Where(r => columns.Modes[r] is not null).SelectMany(r => new[] { columns.True[r], columns.False[r] }).ToHashSet();
        rows.Sort((a, b) => children.Contains(nodeIds[a]).CompareTo(children.Contains(nodeIds[b])) is not 0 and var order ? order : a.CompareTo(b));
        var positions = new Dictionary<long, int>();
        foreach (var (position, row) in rows.Index())
        {
            if (!positions.TryAdd(nodeIds[row], position))
            {
                throw attributes.Error($"node id {nodeIds[row]} occurs twice in a tree");
            }
        }

        int Position(long id) => positions.TryGetValue(id, out var position) ? position : throw attributes.Error($"leads to node {id}, which is not in the tree");

        return new DecisionTree([.. rows.Select(r => columns.Modes[r] is { } mode
            ? new TreeNode { Feature = Bounded(columns.Features[r]), Mode = mode, Threshold = columns.Thresholds[r], True = Position(columns.True[r]), False = Position(columns.False[r]), MissingGoesTrue = columns.Missing[r] != 0, Cover = columns.Cover(r) }
            : new TreeNode { Leaf = [.. leaf(nodeIds[r])], Cover = columns.Cover(r) })]);
    }

    private static ILookup<(long Tree, long Node), LeafWeight> Leaves(NodeAttributes attributes, string prefix)
    {
        var weights = attributes.Numbers($"{prefix}_weights");
        var trees = Same(attributes, $"{prefix}_treeids", attributes.Integers($"{prefix}_treeids"), weights.Count);
        var nodes = Same(attributes, $"{prefix}_nodeids", attributes.Integers($"{prefix}_nodeids"), weights.Count);
        var ids = Same(attributes, $"{prefix}_ids", attributes.Integers($"{prefix}_ids"), weights.Count);
        return Enumerable.Range(0, weights.Count).ToLookup(i => (trees[i], nodes[i]), i => new LeafWeight(Bounded(ids[i]), weights[i]));
    }

    private static IReadOnlyList<T> Same<T>(NodeAttributes attributes, string name, IReadOnlyList<T> values, int count) =>
        values.Count == count ? values : throw attributes.Error($"attribute {name} has {values.Count} values, expected {count}");

    /// <summary>What no int holds becomes a position that the tree's check refuses.</summary>
    private static int Bounded(long position) => (int)Math.Clamp(position, -1, int.MaxValue);

    private sealed class NodeColumns(NodeAttributes attributes, int count)
    {
        private readonly IReadOnlyList<double> _hitRates = attributes.Numbers("nodes_hitrates") is { Count: > 0 } given ? Same(attributes, "nodes_hitrates", given, count) : [];

        public double? Cover(int row) => _hitRates.Count > 0 ? _hitRates[row] : null;

        public IReadOnlyList<BranchMode?> Modes { get; } = Same(attributes, "nodes_modes", [.. attributes.Texts("nodes_modes").Select(TreeModes.Parse)], count);

        public IReadOnlyList<long> Features { get; } = Same(attributes, "nodes_featureids", attributes.Integers("nodes_featureids"), count);

        public IReadOnlyList<double> Thresholds { get; } = Same(attributes, "nodes_values", attributes.Numbers("nodes_values"), count);

        public IReadOnlyList<long> True { get; } = Same(attributes, "nodes_truenodeids", attributes.Integers("nodes_truenodeids"), count);

        public IReadOnlyList<long> False { get; } = Same(attributes, "nodes_falsenodeids", attributes.Integers("nodes_falsenodeids"), count);

        /// <summary>Optional: all zeros when absent.</summary>
        public IReadOnlyList<long> Missing { get; } = attributes.Integers("nodes_missing_value_tracks_true") is { Count: > 0 } given
            ? Same(attributes, "nodes_missing_value_tracks_true", given, count)
            : new long[count];
    }
}

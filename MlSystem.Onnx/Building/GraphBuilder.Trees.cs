namespace MlSystem.Onnx;

public sealed partial class GraphBuilder
{
    /// <summary>
    /// Sums the leaves of an ensemble: Float or Double features [N, F] to Float scores [N, outputs].
    /// On Double features thresholds and leaves are stored as doubles and ONNX Runtime sums in double; on Float
    /// features it sums in single precision, and thresholds are rounded so that no decision changes.
    /// </summary>
    /// <exception cref="OnnxGraphException">A tree is not sound, or the features don't fit.</exception>
    public OnnxValue TreeEnsembleRegressor(OnnxValue features, TreeEnsemble ensemble)
    {
        ArgumentNullException.ThrowIfNull(ensemble);
        var node = TreeNode("TreeEnsembleRegressor", features, ensemble, "target_ids", "target_nodeids", "target_treeids", "target_weights");
        return node.Attribute("n_targets", ensemble.Outputs)
            .Attribute("aggregate_function", "SUM")
            .Emit(new TensorType(ElementType.Float, features.Type.Shape[0], ensemble.Outputs));
    }

    /// <summary>Like <see cref="TreeEnsembleRegressor"/>, but gives the class of the greatest score [N] as well.</summary>
    /// <param name="labels">Class names in the order of the ensemble's outputs.</param>
    public (OnnxValue Label, OnnxValue Scores) TreeEnsembleClassifier(OnnxValue features, TreeEnsemble ensemble, IReadOnlyList<string> labels)
    {
        ArgumentNullException.ThrowIfNull(ensemble);
        ArgumentNullException.ThrowIfNull(labels);
        var node = TreeNode("TreeEnsembleClassifier", features, ensemble, "class_ids", "class_nodeids", "class_treeids", "class_weights");
        node.Require(labels.Count == ensemble.Outputs && labels.Count > 1, $"one label for each of at least two outputs ({ensemble.Outputs})", labels.Count)
            .Attribute("classlabels_strings", labels);
        return (node.Emit(new TensorType(ElementType.String, features.Type.Shape[0])),
            node.Emit(new TensorType(ElementType.Float, features.Type.Shape[0], labels.Count)));
    }

    private NodeBuilder TreeNode(string op, OnnxValue features, TreeEnsemble ensemble, string ids, string nodeIds, string treeIds, string weights)
    {
        var node = Node(op, [features], MlDomain).RequireElement(0, ElementType.Float, ElementType.Double).RequireRank(0, 2);
        CheckTrees(node, features.Type.Shape[1], ensemble);

        // ONNX Runtime 1.31 leaves out the base value of an output that none of a row's leaves adds to; a tree of one
        // leaf that adds to all outputs gives the same sum everywhere. With one output every leaf adds to it.
        var baseTree = ensemble.Outputs > 1 && ensemble.BaseValues.Count > 0;
        DecisionTree[] bases = baseTree ? [DecisionTree.Constant([.. ensemble.BaseValues.Select((v, o) => new LeafWeight(o, v))])] : [];
        var wide = features.Type.Element == ElementType.Double;
        var nodes = bases.Concat(ensemble.Trees).SelectMany((tree, t) => tree.Nodes.Select((n, i) => (Tree: (long)t, Id: (long)i, Node: n))).ToList();
        var leaves = nodes.Where(n => n.Node.Leaf is not null).SelectMany(n => n.Node.Leaf!.Select(w => (n.Tree, n.Id, Weight: w))).ToList();
        node.Attribute("nodes_treeids", nodes.Select(n => n.Tree))
            .Attribute("nodes_nodeids", nodes.Select(n => n.Id))
            .Attribute("nodes_featureids", nodes.Select(n => (long)n.Node.Feature))
            .Attribute("nodes_modes", nodes.Select(n => TreeModes.Name(n.Node)))
            .Attribute("nodes_truenodeids", nodes.Select(n => (long)n.Node.True))
            .Attribute("nodes_falsenodeids", nodes.Select(n => (long)n.Node.False))
            .Attribute("nodes_missing_value_tracks_true", nodes.Select(n => n.Node.MissingGoesTrue ? 1L : 0L))
            .Attribute(ids, leaves.Select(l => (long)l.Weight.Output))
            .Attribute(nodeIds, leaves.Select(l => l.Id))
            .Attribute(treeIds, leaves.Select(l => l.Tree))
            .Attribute("post_transform", TreeModes.Name(ensemble.PostTransform));
        Numbers(node, "nodes_values", [.. nodes.Select(n => n.Node.Leaf is not null ? 0 : wide ? n.Node.Threshold : FloatRounding.Threshold(n.Node.Mode, n.Node.Threshold))], wide);
        Numbers(node, weights, [.. leaves.Select(l => l.Weight.Value)], wide);
        if (ensemble.Trees.All(TreeCovers.IsCovered))
        {
            Numbers(node, "nodes_hitrates", [.. nodes.Select(n => n.Node.Cover ?? 0)], wide);
        }

        if (ensemble.BaseValues.Count > 0 && !baseTree)
        {
            Numbers(node, "base_values", [.. ensemble.BaseValues], wide);
        }

        return node;
    }

    private static void CheckTrees(NodeBuilder node, Dimension features, TreeEnsemble ensemble)
    {
        node.Require(ensemble.Outputs > 0 && ensemble.Trees.Count > 0, "at least one output and one tree", $"{ensemble.Outputs} and {ensemble.Trees.Count}")
            .Require(ensemble.BaseValues.Count == 0 || ensemble.BaseValues.Count == ensemble.Outputs, $"no or {ensemble.Outputs} base values", ensemble.BaseValues.Count)
            .Require(features.Size is > 0, "a fixed number of features", features);
        foreach (var (index, tree) in ensemble.Trees.Index())
        {
            if (tree.Check((int)features.Size!.Value, ensemble.Outputs) is { } problem)
            {
                throw node.Error($"tree {index} is not sound: {problem}");
            }

            if (tree.Nodes.Any(n => n is { Leaf: null, Mode: BranchMode.Member }))
            {
                throw node.Error($"tree {index} tests for a set, which this node can't");
            }
        }
    }

    private static void Numbers(NodeBuilder node, string name, double[] values, bool wide)
    {
        if (wide)
        {
            node.Attribute($"{name}_as_tensor", TensorData.Create<double>(values, [values.Length]));
        }
        else
        {
            node.Attribute(name, values.Select(v => (float)v));
        }
    }
}

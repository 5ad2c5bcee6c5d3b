using Microsoft.ML.Trainers.FastTree;
using MlSystem.Onnx;

namespace MlSystem.Training.Tabular.MlNet;

/// <summary>ML.NET's tree ensembles to <see cref="TreeEnsemble"/>.</summary>
internal static class MlNetTrees
{
    /// <summary>One ensemble for each output, joined.</summary>
    /// <exception cref="NotSupportedException">A tree splits on categories: the trainers here see indicators only.</exception>
    public static TreeEnsemble Join(IReadOnlyList<MarginTrees> ensembles)
    {
        var trees = new List<DecisionTree>();
        foreach (var (output, (ensemble, scale, _)) in ensembles.Index())
        {
            trees.AddRange(ensemble.Trees.Select((tree, t) => Convert(tree, scale * ensemble.TreeWeights[t], output)));
        }

        // A trainer that found no split leaves no trees; the graph's node needs one.
        return new TreeEnsemble
        {
            Trees = trees.Count > 0 ? trees : [DecisionTree.Constant([.. Enumerable.Range(0, ensembles.Count).Select(o => new LeafWeight(o, 0))])],
            Outputs = ensembles.Count,
            BaseValues = [.. ensembles.Select(e => (e.Scale * e.Ensemble.Bias) + e.Offset)],
        };
    }

    private static DecisionTree Convert(RegressionTree tree, double weight, int output)
    {
        if (tree.NumberOfNodes == 0)
        {
            return DecisionTree.Constant(new LeafWeight(output, weight * tree.LeafValues[0]));
        }

        var branches = tree.NumberOfNodes;
        var nodes = new List<TreeNode>(branches + tree.NumberOfLeaves);
        for (var i = 0; i < branches; i++)
        {
            if (tree.CategoricalSplitFlags[i])
            {
                throw new NotSupportedException("A tree splits on a set of categories; train on category indicators instead.");
            }

            // ML.NET's left is "<=". A child below 0 is the complement of a leaf's index.
            nodes.Add(new TreeNode
            {
                Feature = tree.NumericalSplitFeatureIndexes[i],
                Threshold = tree.NumericalSplitThresholds[i],
                True = Child(tree.LeftChild[i], branches),
                False = Child(tree.RightChild[i], branches),
            });
        }

        nodes.AddRange(tree.LeafValues.Select(v => new TreeNode { Leaf = [new LeafWeight(output, weight * v)] }));
        return new DecisionTree(nodes);
    }

    private static int Child(int child, int branches) => child >= 0 ? child : branches + ~child;
}

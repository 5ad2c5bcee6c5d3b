using MlSystem.Onnx;

namespace MlSystem.BenchModels;

/// <summary>Gradient-boosted trees.</summary>
public static class TreeModel
{
    private const int Features = 30;
    private const int Trees = 100;
    private const int Depth = 6;

    /// <summary>100 full trees of depth 6: x FP32 [N, 30] → prediction FP32 [N, 1].</summary>
    public static BenchModel Gbt()
    {
        var graph = new GraphBuilder("gbt");
        var random = new Random(30);
        var x = graph.Input("x", new TensorType(ElementType.Float, Dimension.Batch, Features));
        var ensemble = new TreeEnsemble { Outputs = 1, Trees = [.. Enumerable.Range(0, Trees).Select(_ => Tree(random))] };
        graph.Output("prediction", graph.TreeEnsembleRegressor(x, ensemble));
        return BenchModel.Of("gbt", graph, [BenchModel.Spec("x", "FP32", -1, Features)], [BenchModel.Spec("prediction", "FP32", -1, 1)]);
    }

    /// <summary>Node i has the children 2i + 1 and 2i + 2.</summary>
    private static DecisionTree Tree(Random random)
    {
        const int Branches = (1 << Depth) - 1;
        var nodes = new TreeNode[(Branches * 2) + 1];
        for (var i = 0; i < nodes.Length; i++)
        {
            nodes[i] = i < Branches
                ? new TreeNode { Feature = random.Next(Features), Threshold = (random.NextDouble() * 2) - 1, True = (2 * i) + 1, False = (2 * i) + 2 }
                : new TreeNode { Leaf = [new LeafWeight(0, (random.NextDouble() - 0.5) / Trees)] };
        }

        return new DecisionTree(nodes);
    }
}

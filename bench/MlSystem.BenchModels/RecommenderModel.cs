using MlSystem.Onnx;

namespace MlSystem.BenchModels;

/// <summary>Recommender of dot products.</summary>
public static class RecommenderModel
{
    private const int Items = 10_000;
    private const int Width = 64;
    private const int Best = 10;

    /// <summary>The ten items of 10,000 whose embedding is nearest to that of one item: item_id INT64 [N, 1] → item_ids INT64 [N, 10] and scores FP32 [N, 10].</summary>
    public static BenchModel Rec()
    {
        var graph = new GraphBuilder("rec");
        var random = new Random(64);
        var embeddings = Weights.Of(random, Items * Width, 1);
        var item = graph.Input("item_id", new TensorType(ElementType.Int64, Dimension.Batch, 1));
        var user = graph.Gather(graph.Constant<float>(embeddings, Items, Width), graph.Squeeze(item, 1));
        var (scores, ids) = graph.TopK(graph.MatMul(user, graph.Constant<float>(Transpose(embeddings), Width, Items)), Best);
        graph.Output("item_ids", ids);
        graph.Output("scores", scores);
        return BenchModel.Of(
            "rec", graph, [BenchModel.Spec("item_id", "INT64", -1, 1)], [BenchModel.Spec("item_ids", "INT64", -1, Best), BenchModel.Spec("scores", "FP32", -1, Best)]);
    }

    private static float[] Transpose(float[] embeddings)
    {
        var columns = new float[embeddings.Length];
        for (var i = 0; i < embeddings.Length; i++)
        {
            columns[(i % Width * Items) + (i / Width)] = embeddings[i];
        }

        return columns;
    }
}

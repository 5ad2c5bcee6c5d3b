using MlSystem.Onnx;
using MlSystem.Training.Recommendation.Models;
using MlSystem.Training.Recommendation.Neighbours;
using MlSystem.Training.Recommendation.Numerics;
using MlSystem.Training.Recommendation.TwoTower;

namespace MlSystem.Training.Recommendation.Serving;

/// <summary>Scores of all items from histories, as each model computes them. Float [N, M].</summary>
internal static class ScoreNodes
{
    /// <exception cref="ArgumentException">The model has no form as a graph.</exception>
    public static OnnxValue Append(GraphBuilder graph, IRankingModel model, HistoryNodes history) => model switch
    {
        PopularityModel popularity => Constant(graph, popularity.Scores, history),
        FactorModel factors => Factors(graph, factors, history),
        ItemNeighbourModel neighbours => Neighbours(graph, neighbours, history),
        EaseModel ease => graph.MatMul(history.SeenItems(graph, ease.ItemCount), graph.Constant<float>(ease.Weights.Values, ease.ItemCount, ease.ItemCount)),
        TwoTowerModel towers => Towers(graph, towers, history),
        _ => throw new ArgumentException($"{model.GetType().Name} has no form as a graph.", nameof(model)),
    };

    /// <summary>The same scores for every row.</summary>
    public static OnnxValue Constant(GraphBuilder graph, float[] scores, HistoryNodes history) =>
        graph.Add(graph.Mul(history.Count, graph.Scalar(0f)), graph.Constant<float>(scores, 1, scores.Length));

    private static OnnxValue Factors(GraphBuilder graph, FactorModel model, HistoryNodes history)
    {
        var factors = Padded(graph, model.ItemFactors);
        return Score(graph, new FoldInNodes(graph, model, history).Append(factors), factors, model.ItemCount, model.ItemBias);
    }

    /// <summary>Each item asks its own neighbours: as many for every item, the missing ones of weight 0.</summary>
    private static OnnxValue Neighbours(GraphBuilder graph, ItemNeighbourModel model, HistoryNodes history)
    {
        var byItem = model.Weights.Transpose();
        var width = Math.Max(1, Enumerable.Range(0, byItem.Rows).Max(byItem.CountOf));
        var (positions, weights) = (new long[byItem.Rows * width], new float[byItem.Rows * width]);
        Array.Fill(positions, byItem.Columns);
        for (var item = 0; item < byItem.Rows; item++)
        {
            var row = byItem[item];
            for (var at = 0; at < row.Count; at++)
            {
                (positions[(item * width) + at], weights[(item * width) + at]) = (row.Indices[at], row.Values[at]);
            }
        }

        var asked = graph.Gather(history.Seen, graph.Constant<long>(positions, byItem.Rows, width), axis: 1);
        return graph.ReduceSum(graph.Mul(asked, graph.Constant<float>(weights, 1, byItem.Rows, width)), [2]);
    }

    private static OnnxValue Towers(GraphBuilder graph, TwoTowerModel model, HistoryNodes history)
    {
        var embeddings = graph.Gather(Padded(graph, model.HistoryEmbeddings), history.Positions);
        var sum = graph.ReduceSum(graph.Mul(embeddings, graph.Unsqueeze(history.Weights, 2)), [1]);
        var scale = graph.Sqrt(graph.Add(history.Count, graph.Scalar(TwoTowerModel.PoolingOffset)));
        var user = graph.Div(sum, scale);
        foreach (var layer in model.UserLayers)
        {
            user = graph.Gemm(user, graph.Constant<float>(layer.Weights.Values, layer.Outputs, layer.Inputs), graph.Constant<float>(layer.Bias, 1, layer.Outputs), transposeB: true);
            user = layer.IsLast ? user : graph.Relu(user);
        }

        return Score(graph, user, Padded(graph, model.ItemVectors), model.ItemCount, model.ItemBias);
    }

    /// <summary>Exact inner products with all items.</summary>
    /// <param name="items">Float [M + 1, width].</param>
    private static OnnxValue Score(GraphBuilder graph, OnnxValue user, OnnxValue items, int count, float[]? bias) =>
        graph.Gemm(user, graph.Slice(items, 0, count, 0), graph.Constant<float>(bias ?? new float[count], 1, count), transposeB: true);

    /// <summary>With a row of zeros behind, for ids that the model does not know.</summary>
    private static OnnxValue Padded(GraphBuilder graph, FactorMatrix matrix) =>
        graph.Constant<float>([.. matrix.Values, .. new float[matrix.Width]], matrix.Rows + 1, matrix.Width);
}

using System.Globalization;
using MlSystem.Contracts;
using MlSystem.Onnx;
using MlSystem.Training.Recommendation.Data;
using MlSystem.Training.Recommendation.Models;

namespace MlSystem.Training.Recommendation.Serving;

/// <summary>
/// Writes a ranking model as one graph: item ids of a history in, the best items and their scores out. The whole catalogue is scored exactly; items
/// of the history are never returned. Ids that the model does not know are ignored, repeated ones count once; a history without a known item gets the
/// most popular items, with the number of users as the score. Where fewer items than K remain, the rest has an empty id.
/// </summary>
internal static class RankingGraph
{
    /// <summary>Score of what is not to be recommended.</summary>
    public const float Excluded = float.MinValue;

    /// <param name="popularity">For each item how many users have it.</param>
    /// <param name="top">Items returned, at least 1; at most the catalogue.</param>
    public static OnnxModel Write(IRankingModel model, IdMap items, float[] popularity, int top, IReadOnlyDictionary<string, string> metadata)
    {
        var graph = new GraphBuilder("recommender");
        var history = HistoryNodes.Append(graph, items);
        var scores = ScoreNodes.Append(graph, model, history);
        if (model is not PopularityModel)
        {
            scores = graph.Where(graph.Less(graph.Scalar(0f), history.Count), scores, ScoreNodes.Constant(graph, popularity, history));
        }

        var isSeen = graph.Less(graph.Scalar(0f), history.SeenItems(graph, items.Count));
        var (best, positions) = graph.TopK(graph.Where(isSeen, graph.Scalar(Excluded), scores), Math.Min(top, items.Count));
        var isNone = graph.Equal(best, graph.Scalar(Excluded));
        var ids = graph.Gather(graph.Constant([.. items.Ids, ""]), graph.Where(isNone, graph.Scalar((long)items.Count), positions));
        graph.Output(StandardOutputs.ItemIds, ids);
        graph.Output(StandardOutputs.Scores, best);
        return graph.Build(new OnnxModelInfo { Domain = "mlsystem.recommendation" }, metadata);
    }

    public static ModelSignature Signature(int top, int items) => new()
    {
        Task = ModelTask.Ranking,
        Inputs =
        [
            new TensorSpec
            {
                Name = HistoryNodes.Input, Datatype = "BYTES", Shape = [-1, -1], Nullable = true,
                Meaning = "ids of the items that the user has, oldest first; empty ids fill up",
            },
        ],
        Outputs =
        [
            new TensorSpec
            {
                Name = StandardOutputs.ItemIds, Datatype = "BYTES", Shape = [-1, Math.Min(top, items)],
                Meaning = string.Create(CultureInfo.InvariantCulture, $"best of {items} items first, without those of the history; empty where none is left"),
            },
            new TensorSpec { Name = StandardOutputs.Scores, Datatype = "FP32", Shape = [-1, Math.Min(top, items)], Meaning = "greater is better" },
        ],
    };
}

using MlSystem.Onnx;
using MlSystem.Training.Recommendation.Data;

namespace MlSystem.Training.Recommendation.Serving;

/// <summary>What a graph knows of the histories that it is given. M items; N rows of H ids each, of which unknown and empty ones do not count, and repeated ones count once.</summary>
/// <param name="Positions">Int64 [N, H]; M for ids that the model does not know.</param>
/// <param name="Weights">Float [N, H]: the weights of one item's occurrences add up to 1; 0 for unknown ids.</param>
/// <param name="Seen">Float [N, M + 1]: 1 for items of the history; the last column belongs to unknown ids.</param>
/// <param name="Count">Float [N, 1]: known items of the history, without repetition.</param>
internal sealed record HistoryNodes(OnnxValue Positions, OnnxValue Weights, OnnxValue Seen, OnnxValue Count)
{
    /// <summary>Name of the input.</summary>
    public const string Input = "history";

    public static HistoryNodes Append(GraphBuilder graph, IdMap items)
    {
        var ids = graph.Input(Input, new TensorType(ElementType.String, Dimension.Named("N"), Dimension.Named("H")));
        var positions = graph.LabelEncoder(ids, items.Ids, [.. Enumerable.Range(0, items.Count).Select(i => (long)i)], items.Count);
        var isKnown = graph.Cast(graph.Less(positions, graph.Scalar((long)items.Count)), ElementType.Float);

        // Zeros of as many rows as there are histories, and ones of as many as there are ids.
        var none = graph.Mul(graph.ReduceSum(isKnown, [1], keepDims: true), graph.Scalar(0f));
        var zeros = graph.Add(none, graph.Constant<float>(new float[items.Count + 1], 1, items.Count + 1));
        var ones = graph.Add(graph.Mul(isKnown, graph.Scalar(0f)), graph.Scalar(1f));

        // An id that occurs several times counts as much less each time.
        var occurrences = graph.ScatterElements(zeros, positions, ones, axis: 1, add: true);
        var weights = graph.Div(isKnown, graph.GatherElements(occurrences, positions, axis: 1));
        var seen = graph.Cast(graph.Less(graph.Scalar(0f), occurrences), ElementType.Float);
        var count = graph.ReduceSum(graph.Slice(seen, 0, items.Count, 1), [1], keepDims: true);
        return new HistoryNodes(positions, weights, seen, count);
    }

    /// <summary>Float [N, M]: 1 for items of the history.</summary>
    public OnnxValue SeenItems(GraphBuilder graph, int items) => graph.Slice(Seen, 0, items, 1);
}

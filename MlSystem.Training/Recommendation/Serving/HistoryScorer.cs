using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using MlSystem.Contracts;
using MlSystem.Training.Evaluation;

namespace MlSystem.Training.Recommendation.Serving;

/// <summary>The best items for one history; an empty id is no item.</summary>
internal sealed record RankedItems(string[] Items, float[] Scores);

/// <summary>Ranks with the file that will be served, through ONNX Runtime.</summary>
internal sealed class HistoryScorer(byte[] onnx) : IDisposable
{
    /// <summary>Histories at a time: some models need megabytes for each.</summary>
    private const int BatchRows = 16;

    private readonly InferenceSession _session = new(onnx);

    /// <exception cref="ScoringException">The model does not rank histories.</exception>
    public IReadOnlyList<RankedItems> Rank(IReadOnlyList<string[]> histories, CancellationToken cancellationToken)
    {
        if (!_session.InputMetadata.ContainsKey(HistoryNodes.Input) || !_session.OutputMetadata.ContainsKey(StandardOutputs.ItemIds))
        {
            throw new ScoringException($"The model does not take '{HistoryNodes.Input}' and give '{StandardOutputs.ItemIds}'.");
        }

        List<RankedItems> ranked = new(histories.Count);
        foreach (var batch in histories.Chunk(BatchRows))
        {
            cancellationToken.ThrowIfCancellationRequested();
            ranked.AddRange(RankBatch(batch));
        }

        return ranked;
    }

    public void Dispose() => _session.Dispose();

    private IEnumerable<RankedItems> RankBatch(string[][] histories)
    {
        var width = Math.Max(1, histories.Max(h => h.Length));
        string[] cells = [.. histories.SelectMany(h => h.Concat(Enumerable.Repeat("", width - h.Length)))];
        using var results = _session.Run(
            [NamedOnnxValue.CreateFromTensor(HistoryNodes.Input, new DenseTensor<string>(cells, [histories.Length, width]))], [StandardOutputs.ItemIds, StandardOutputs.Scores]);
        string[] items = [.. results[0].AsEnumerable<string>()];
        float[] scores = [.. results[1].AsEnumerable<float>()];
        var top = items.Length / histories.Length;
        return [.. Enumerable.Range(0, histories.Length).Select(i => new RankedItems(items[(i * top)..((i + 1) * top)], scores[(i * top)..((i + 1) * top)]))];
    }
}

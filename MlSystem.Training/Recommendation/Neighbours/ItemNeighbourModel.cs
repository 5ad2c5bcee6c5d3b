using System.Numerics.Tensors;
using MlSystem.Training.Recommendation.Data;
using MlSystem.Training.Recommendation.Models;
using MlSystem.Training.Recommendation.Numerics;

namespace MlSystem.Training.Recommendation.Neighbours;

/// <summary>Scores = history × sparse item-item matrix. Serving form: the same.</summary>
/// <param name="Weights">Row: item of the history; columns: the items that it speaks for. Sparse.</param>
public sealed record ItemNeighbourModel(SparseMatrix Weights, ValueWeighting Weighting, SparseMatrix Histories) : IRankingModel, IUserRankingModel
{
    public int ItemCount => Weights.Columns;

    public void Score(SparseRow history, Span<float> scores)
    {
        scores.Clear();
        for (var h = 0; h < history.Count; h++)
        {
            var value = Weighting.Of(history.Values[h]);
            var row = Weights[history.Indices[h]];
            for (var at = 0; at < row.Count; at++)
            {
                scores[row.Indices[at]] += value * row.Values[at];
            }
        }
    }

    public void ScoreUser(int user, Span<float> scores) => Score(Histories[user], scores);
}

/// <summary>Scores = history × dense item-item matrix with a diagonal of zeros. Serving form: the same.</summary>
/// <param name="Weights">Row: item of the history; columns: all items.</param>
public sealed record EaseModel(FactorMatrix Weights, ValueWeighting Weighting, SparseMatrix Histories) : IRankingModel, IUserRankingModel
{
    public int ItemCount => Weights.Width;

    public void Score(SparseRow history, Span<float> scores)
    {
        scores.Clear();
        for (var h = 0; h < history.Count; h++)
        {
            TensorPrimitives.MultiplyAdd(Weights[history.Indices[h]], Weighting.Of(history.Values[h]), scores, scores);
        }
    }

    public void ScoreUser(int user, Span<float> scores) => Score(Histories[user], scores);
}

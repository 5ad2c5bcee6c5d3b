using System.Numerics.Tensors;
using MlSystem.Training.Recommendation.Data;
using MlSystem.Training.Recommendation.Models;

namespace MlSystem.Training.Recommendation.Hybrids;

/// <summary>
/// Weighted sum of the scores of several models, each divided by the standard deviation of its scores over the catalogue for that user. Serving form: the same of
/// the parts' serving forms.
/// </summary>
public sealed record HybridModel(IReadOnlyList<HybridPart> Parts) : IRankingModel, IUserRankingModel
{
    public int ItemCount => Parts[0].Served.ItemCount;

    public void Score(SparseRow history, Span<float> scores)
    {
        var part = new float[scores.Length];
        scores.Clear();
        foreach (var (model, _, weight) in Parts)
        {
            model.Score(history, part);
            AddScaled(part, weight, scores);
        }
    }

    public void ScoreUser(int user, Span<float> scores)
    {
        var part = new float[scores.Length];
        scores.Clear();
        foreach (var (_, model, weight) in Parts)
        {
            model.ScoreUser(user, part);
            AddScaled(part, weight, scores);
        }
    }

    private static void AddScaled(float[] part, float weight, Span<float> scores)
    {
        var deviation = TensorPrimitives.StdDev<float>(part);
        if (deviation > 0 && weight != 0)
        {
            TensorPrimitives.MultiplyAdd(part, weight / deviation, scores, scores);
        }
    }
}

/// <summary>One model of a hybrid in both of its forms.</summary>
public sealed record HybridPart(IRankingModel Served, IUserRankingModel Trained, float Weight)
{
    public static HybridPart Of<T>(T model, float weight)
        where T : IRankingModel, IUserRankingModel => new(model, model, weight);
}

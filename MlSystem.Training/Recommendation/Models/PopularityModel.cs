using MlSystem.Training.Recommendation.Data;

namespace MlSystem.Training.Recommendation.Models;

/// <summary>The same scores for everybody: how many users have an item. Serving form: a constant.</summary>
public sealed record PopularityModel(float[] Scores) : IRankingModel, IUserRankingModel
{
    public int ItemCount => Scores.Length;

    public static PopularityModel Fit(Interactions data) =>
        new([.. Enumerable.Range(0, data.Items.Count).Select(i => (float)data.ByItem.CountOf(i))]);

    public void Score(SparseRow history, Span<float> scores) => Scores.CopyTo(scores);

    public void ScoreUser(int user, Span<float> scores) => Scores.CopyTo(scores);
}

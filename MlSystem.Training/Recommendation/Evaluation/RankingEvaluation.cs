using MlSystem.Training.Recommendation.Data;
using MlSystem.Training.Recommendation.Models;
using MlSystem.Training.Recommendation.Numerics;

namespace MlSystem.Training.Recommendation.Evaluation;

/// <summary>Ranks the whole catalogue for each user and compares with the relevant items. Of equal scores the smaller position is first; NaN is last.</summary>
public static class RankingEvaluation
{
    /// <summary>By what training learned of each user.</summary>
    /// <param name="train">Its items are not recommended to their users again.</param>
    /// <param name="relevant">Users × items, of the same id maps; entries that are in <paramref name="train"/>, too, count as relevant but can't be hit.</param>
    public static RankingReport Evaluate(IUserRankingModel model, Interactions train, SparseMatrix relevant, int k, FitContext context) =>
        Evaluate(model.ScoreUser, train.ByUser, train, relevant, k, context);

    /// <summary>By the serving form: each user is only known by the items of <paramref name="histories"/>.</summary>
    public static RankingReport Evaluate(IRankingModel model, SparseMatrix histories, Interactions train, SparseMatrix relevant, int k, FitContext context) =>
        Evaluate((user, scores) => model.Score(histories[user], scores), histories, train, relevant, k, context);

    private static RankingReport Evaluate(ScoreUser score, SparseMatrix histories, Interactions train, SparseMatrix relevant, int k, FitContext context)
    {
        var items = train.Items.Count;
        int[] users = [.. Enumerable.Range(0, relevant.Rows).Where(u => relevant.CountOf(u) > 0)];
        var results = new UserRanking[users.Length];
        Workers.Ranges(users.Length, 4, context, () => (Scores: new float[items], Top: new TopItems(k)), (from, to, buffers) =>
        {
            for (var i = from; i < to; i++)
            {
                score(users[i], buffers.Scores);
                var best = buffers.Top.Find(buffers.Scores, histories[users[i]].Indices);
                results[i] = UserRanking.Of(best, relevant[users[i]].Indices, k);
            }
        });
        return Summarise(results, train, k);
    }

    private static RankingReport Summarise(UserRanking[] results, Interactions train, int k)
    {
        var users = results.Length;
        var recommended = results.SelectMany(r => r.Items).ToList();
        double Mean(Func<UserRanking, double> value) => users == 0 ? double.NaN : results.Average(value);
        double Bits(int item) => -Math.Log2(Math.Max(0.5, train.ByItem.CountOf(item)) / train.Users.Count);
        return new RankingReport(
            k, Mean(r => r.Ndcg), Mean(r => r.Recall), Mean(r => r.AveragePrecision), Mean(r => r.ReciprocalRank), Mean(r => r.Hits > 0 ? 1 : 0),
            (double)recommended.Distinct().Count() / train.Items.Count,
            recommended.Count == 0 ? double.NaN : recommended.Average(Bits), users)
        { NdcgByUser = [.. results.Select(r => r.Ndcg)] };
    }

    private delegate void ScoreUser(int user, Span<float> scores);
}

/// <summary>What one user's ranking is worth.</summary>
/// <param name="Items">Recommended, best first.</param>
internal sealed record UserRanking(int[] Items, int Hits, double Ndcg, double Recall, double AveragePrecision, double ReciprocalRank)
{
    /// <param name="relevant">Ascending.</param>
    public static UserRanking Of(ReadOnlySpan<int> best, ReadOnlySpan<int> relevant, int k)
    {
        var (hits, gain, precision, first) = (0, 0.0, 0.0, 0.0);
        for (var p = 0; p < best.Length; p++)
        {
            if (relevant.BinarySearch(best[p]) >= 0)
            {
                hits++;
                gain += 1 / Math.Log2(p + 2);
                precision += (double)hits / (p + 1);
                first = hits == 1 ? 1.0 / (p + 1) : first;
            }
        }

        var possible = Math.Min(relevant.Length, k);
        var ideal = 0.0;
        for (var p = 0; p < possible; p++)
        {
            ideal += 1 / Math.Log2(p + 2);
        }

        return new UserRanking([.. best], hits, gain / ideal, (double)hits / relevant.Length, precision / possible, first);
    }
}

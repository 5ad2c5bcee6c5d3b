using MlSystem.Training.Recommendation.Data;
using MlSystem.Training.Recommendation.Evaluation;
using MlSystem.Training.Recommendation.Serving;

namespace MlSystem.Training.Trainers;

/// <summary>
/// Rankings of the full catalogue for the users of held-out rows, from the items that they have in training rows. Relevant are the items of the
/// held-out rows, also those that training has never seen.
/// </summary>
internal sealed class RankingScores
{
    /// <summary>Places that are judged, or fewer where the model returns fewer.</summary>
    public const int Places = 10;

    private readonly Interactions _train;

    private RankingScores(Interactions train, IReadOnlyList<ScoredUser> users) => (_train, Users) = (train, users);

    public static IReadOnlyList<TrainerMetric> Metrics { get; } =
        [.. new[] { "ndcg", "recall", "map", "mrr", "hit_rate", "coverage", "novelty" }.Select(name => new TrainerMetric(name, HigherIsBetter: true))];

    /// <summary>In the order of the held-out rows.</summary>
    public IReadOnlyList<ScoredUser> Users { get; }

    public static RankingScores Of(ScoringJob job, CancellationToken cancellationToken)
    {
        var minimum = job.Trainer.Parameters.GetValueOrDefault("minimum_label")?.Number;
        var train = InteractionRows.Of(job.TrainingRows.Value, job.Keys, minimum);
        var (users, items) = InteractionRows.Columns(job.Rows, job.Keys);
        var groups = InteractionRows.Kept(job.Rows, minimum).GroupBy(r => users[r], StringComparer.Ordinal).ToList();
        using var scorer = new HistoryScorer(job.Onnx);
        var ranked = scorer.Rank([.. groups.Select(g => train.Users.Find(g.Key) is >= 0 and var user ? InteractionRows.History(train, user) : [])], cancellationToken);
        return new RankingScores(train, [.. groups.Zip(ranked, (group, top) => Score(train, [.. group.Select(r => items[r])], group.First(), top))]);
    }

    /// <summary>Means over users; as <see cref="RankingReport"/> defines them.</summary>
    public Dictionary<string, double> Summary()
    {
        if (Users.Count == 0)
        {
            return [];
        }

        int[] recommended = [.. Users.SelectMany(u => u.Ranking.Items).Where(i => i < _train.Items.Count)];
        Dictionary<string, double> metrics = new(StringComparer.Ordinal)
        {
            ["ndcg"] = Users.Average(u => u.Ranking.Ndcg),
            ["recall"] = Users.Average(u => u.Ranking.Recall),
            ["map"] = Users.Average(u => u.Ranking.AveragePrecision),
            ["mrr"] = Users.Average(u => u.Ranking.ReciprocalRank),
            ["hit_rate"] = Users.Average(u => u.Ranking.Hits > 0 ? 1.0 : 0),
            ["coverage"] = (double)recommended.Distinct().Count() / _train.Items.Count,
        };
        if (recommended.Length > 0)
        {
            metrics["novelty"] = recommended.Average(i => -Math.Log2(Math.Max(0.5, _train.ByItem.CountOf(i)) / _train.Users.Count));
        }

        return metrics;
    }

    private static ScoredUser Score(Interactions train, string[] relevant, int row, RankedItems top)
    {
        // Ids that training does not know get positions behind the catalogue: the same id the same one.
        var unknown = new Dictionary<string, int>(StringComparer.Ordinal);
        int Position(string id)
        {
            if (train.Items.Find(id) is >= 0 and var known)
            {
                return known;
            }

            unknown.TryAdd(id, train.Items.Count + unknown.Count);
            return unknown[id];
        }

        int[] wanted = [.. relevant.Select(Position).Distinct().Order()];
        int[] best = [.. top.Items.Where(i => i.Length > 0).Take(Places).Select(Position)];
        return new ScoredUser(row, UserRanking.Of(best, wanted, Math.Min(Places, top.Items.Length)));
    }
}

/// <summary>What a user's ranking is worth.</summary>
/// <param name="Row">The first held-out row of the user.</param>
internal sealed record ScoredUser(int Row, UserRanking Ranking);

using MlSystem.Training.Recommendation.Data;
using MlSystem.Training.Recommendation.Evaluation;
using MlSystem.Training.Recommendation.Models;
using MlSystem.Training.Recommendation.Numerics;

namespace MlSystem.Training.Recommendation.Tuning;

/// <summary>
/// Chooses settings that the user left open: trains candidates on the training data without a fifth of each user's interactions and takes the one whose NDCG@10 on
/// that fifth is best. Large data are represented by a sample of users.
/// </summary>
internal sealed class InnerSearch
{
    private const double HeldShare = 0.2;
    private const int MostInteractions = 300_000;
    private const int K = 10;
    private readonly HoldOut _split;
    private readonly FitContext _context;

    public InnerSearch(Interactions data, FitContext context)
    {
        _context = context.Quiet;
        _split = HoldOut.OfEachUser(Sample(data, context.Seed), HeldShare, context.Seed);
    }

    /// <summary>Whether there is anything to choose by.</summary>
    public bool CanChoose => _split.Held.Count > 0 && _split.Rest.Count > 0;

    public HoldOut Split => _split;

    public double Ndcg(IUserRankingModel model) => RankingEvaluation.Evaluate(model, _split.Rest, _split.Held.ByUser, K, _context).Ndcg;

    /// <summary>The best of all candidates; of equal ones the first. The first where there is nothing to choose by.</summary>
    public T Best<T>(IEnumerable<T> candidates, Func<Interactions, T, FitContext, IUserRankingModel> fit) =>
        CanChoose ? candidates.MaxBy(c => Ndcg(fit(_split.Rest, c, _context)))! : candidates.First();

    /// <summary>
    /// Climbs from the middle of a grid along one axis after the other as long as it gets better: far fewer trainings than the whole grid where quality has one peak.
    /// </summary>
    /// <param name="axes">Values of each setting, ascending.</param>
    public double[] Climb(double[][] axes, Func<Interactions, double[], FitContext, IUserRankingModel> fit)
    {
        var at = Array.ConvertAll(axes, a => a.Length / 2);
        if (!CanChoose)
        {
            return Values(axes, at);
        }

        var known = new Dictionary<string, double>(StringComparer.Ordinal);
        double Score(int[] point)
        {
            var key = string.Join(',', point);
            return known.TryGetValue(key, out var score) ? score : known[key] = Ndcg(fit(_split.Rest, Values(axes, point), _context));
        }

        for (var moved = true; moved;)
        {
            moved = false;
            for (var axis = 0; axis < axes.Length; axis++)
            {
                var before = at[axis];
                at[axis] = Line(axes[axis].Length, before, i => Score(With(at, axis, i)));
                moved |= at[axis] != before;
            }
        }

        return Values(axes, at);
    }

    private static int Line(int length, int start, Func<int, double> score)
    {
        foreach (var step in (int[])[1, -1])
        {
            var at = start;
            while (at + step >= 0 && at + step < length && score(at + step) > score(at))
            {
                at += step;
            }

            if (at != start)
            {
                return at;
            }
        }

        return start;
    }

    private static int[] With(int[] point, int axis, int value)
    {
        int[] other = [.. point];
        other[axis] = value;
        return other;
    }

    private static double[] Values(double[][] axes, int[] point) => [.. axes.Select((a, i) => a[point[i]])];

    private static Interactions Sample(Interactions data, ulong seed)
    {
        if (data.Count <= MostInteractions)
        {
            return data;
        }

        int[] users = [.. Enumerable.Range(0, data.Users.Count)];
        new SplitMix64(seed).Shuffle(users);
        var (count, sum) = (0, 0);
        while (count < users.Length && sum < MostInteractions)
        {
            sum += data.ByUser.CountOf(users[count++]);
        }

        return data.OfUsers(users[..count]);
    }
}

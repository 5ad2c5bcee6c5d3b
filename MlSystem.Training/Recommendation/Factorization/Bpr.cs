using System.Numerics;
using MlSystem.Training.Recommendation.Data;
using MlSystem.Training.Recommendation.Models;
using MlSystem.Training.Recommendation.Numerics;

namespace MlSystem.Training.Recommendation.Factorization;

/// <summary>
/// Bayesian personalised ranking of matrix factors (Rendle et al., "BPR: Bayesian personalized ranking from implicit feedback", 2009): a seen item is to score
/// above an unseen one drawn at random. The serving form is fitted to the trained users afterwards (<see cref="FoldInFit"/>).
/// </summary>
public static class Bpr
{
    private const float FinalRate = 0.1f;

    /// <exception cref="DivergenceException">Factors became infinite.</exception>
    public static FactorModel Fit(Interactions data, BprOptions options, FitContext context, WarmStart? parent = null)
    {
        options.Validate();
        var deviation = 0.1f / MathF.Sqrt(options.Factors);
        var users = FactorMatrix.Random(data.Users.Count, options.Factors, deviation, context.Seed);
        var items = FactorMatrix.Random(data.Items.Count, options.Factors, deviation, context.Seed + 1);
        var bias = new float[data.Items.Count];
        parent?.CopyItems(data.Items, items, bias);
        var blocks = new Blocks(data.ByUser, Math.Min(context.Threads, data.Items.Count), context.Seed);
        for (var epoch = 0; epoch < options.Epochs; epoch++)
        {
            var rate = (float)options.LearningRate * (1 - ((1 - FinalRate) * epoch / options.Epochs));
            var step = new Step(data.ByUser, blocks.UserOf, users, items, bias, rate, (float)options.Regularisation);
            blocks.Epoch(epoch, context, (entries, block, random) => step.Run(entries, blocks.ItemsOf[block], random));
            users.ThrowIfNotFinite("BPR", epoch + 1, "user factors");
            items.ThrowIfNotFinite("BPR", epoch + 1, "item factors");
            context.Step(epoch + 1, options.Epochs);
        }

        var diagonal = Eigenbasis.Rotate(items, context, users);
        return new FactorModel(users, items, FoldInFit.Fit(data.ByUser, users, items, diagonal, context), bias);
    }

    /// <summary>Steps over one block with one length of step.</summary>
    private sealed record Step(SparseMatrix Seen, int[] UserOf, FactorMatrix Users, FactorMatrix Items, float[] Bias, float Rate, float Regularisation)
    {
        public void Run(int[] entries, int[] candidates, SplitMix64 random)
        {
            for (var n = 0; n < entries.Length; n++)
            {
                var at = entries[random.Next(entries.Length)];
                var user = UserOf[at];
                var unseen = candidates[random.Next(candidates.Length)];
                if (Seen[user].Indices.BinarySearch(unseen) < 0)
                {
                    Update(user, Seen.Indices[at], unseen);
                }
            }
        }

        private void Update(int user, int seen, int unseen)
        {
            Span<float> p = Users[user], i = Items[seen], j = Items[unseen];
            var difference = Bias[seen] - Bias[unseen] + DotOfDifference(p, i, j);
            var step = Rate / (1 + MathF.Exp(difference));
            var decay = 1 - (Rate * Regularisation);
            Bias[seen] = (decay * Bias[seen]) + step;
            Bias[unseen] = (decay * Bias[unseen]) - step;
            var at = 0;
            var (steps, decays) = (new Vector<float>(step), new Vector<float>(decay));
            for (; at <= p.Length - Vector<float>.Count; at += Vector<float>.Count)
            {
                var (x, y, z) = (new Vector<float>(p[at..]), new Vector<float>(i[at..]), new Vector<float>(j[at..]));
                Vector.FusedMultiplyAdd(steps, y - z, x * decays).CopyTo(p[at..]);
                Vector.FusedMultiplyAdd(steps, x, y * decays).CopyTo(i[at..]);
                Vector.FusedMultiplyAdd(-steps, x, z * decays).CopyTo(j[at..]);
            }

            for (; at < p.Length; at++)
            {
                var (x, y, z) = (p[at], i[at], j[at]);
                p[at] = (decay * x) + (step * (y - z));
                i[at] = (decay * y) + (step * x);
                j[at] = (decay * z) - (step * x);
            }
        }

        private static float DotOfDifference(ReadOnlySpan<float> p, ReadOnlySpan<float> i, ReadOnlySpan<float> j)
        {
            var sums = Vector<float>.Zero;
            var at = 0;
            for (; at <= p.Length - Vector<float>.Count; at += Vector<float>.Count)
            {
                sums = Vector.FusedMultiplyAdd(new Vector<float>(p[at..]), new Vector<float>(i[at..]) - new Vector<float>(j[at..]), sums);
            }

            var sum = Vector.Sum(sums);
            for (; at < p.Length; at++)
            {
                sum += p[at] * (i[at] - j[at]);
            }

            return sum;
        }
    }
}

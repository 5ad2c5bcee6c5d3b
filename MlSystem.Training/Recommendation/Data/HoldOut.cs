using MlSystem.Training.Recommendation.Numerics;

namespace MlSystem.Training.Recommendation.Data;

/// <summary>Part of the training data held back inside a trainer, to choose parameters and to stop early. It never sees test rows.</summary>
/// <param name="Rest">What remains; users and items keep their positions.</param>
/// <param name="Held">The entries held back.</param>
public sealed record HoldOut(Interactions Rest, Interactions Held)
{
    /// <summary>A share of all entries at random.</summary>
    public static HoldOut OfEntries(Interactions data, double share, ulong seed)
    {
        var random = new SplitMix64(seed);
        var held = new bool[data.Count];
        for (var at = 0; at < held.Length; at++)
        {
            held[at] = random.NextDouble() < share;
        }

        return Of(data, held);
    }

    /// <summary>The same share of each user's entries at random, rounded; a user always keeps one.</summary>
    public static HoldOut OfEachUser(Interactions data, double share, ulong seed)
    {
        var random = new SplitMix64(seed);
        var held = new bool[data.Count];
        for (var user = 0; user < data.ByUser.Rows; user++)
        {
            var (start, count) = (data.ByUser.Offsets[user], data.ByUser.CountOf(user));
            int[] order = [.. Enumerable.Range(start, count)];
            random.Shuffle(order);
            foreach (var at in order.AsSpan(0, Math.Clamp((int)Math.Round(share * count), 0, Math.Max(0, count - 1))))
            {
                held[at] = true;
            }
        }

        return Of(data, held);
    }

    private static HoldOut Of(Interactions data, bool[] held) => new(data.Select(at => !held[at]), data.Select(at => held[at]));
}

namespace MlSystem.Training.Recommendation.Evaluation;

/// <summary>Finds the greatest scores; of equal ones the smaller position is first. Reuses its buffers: one for each thread.</summary>
public sealed class TopItems(int k)
{
    private readonly int[] _items = new int[k];
    private readonly float[] _scores = new float[k];

    /// <param name="scores">One for each item; overwritten where excluded. NaN is never found.</param>
    /// <param name="excluded">Positions of items to leave out.</param>
    /// <returns>Best first; fewer than k when there aren't more.</returns>
    public ReadOnlySpan<int> Find(Span<float> scores, ReadOnlySpan<int> excluded)
    {
        foreach (var item in excluded)
        {
            scores[item] = float.NaN;
        }

        var count = 0;
        for (var item = 0; item < scores.Length; item++)
        {
            var score = scores[item];
            if (count == k ? !(score > _scores[k - 1]) : float.IsNaN(score))
            {
                continue;
            }

            var at = count == k ? k - 1 : count++;
            for (; at > 0 && _scores[at - 1] < score; at--)
            {
                (_items[at], _scores[at]) = (_items[at - 1], _scores[at - 1]);
            }

            (_items[at], _scores[at]) = (item, score);
        }

        return _items.AsSpan(0, count);
    }
}

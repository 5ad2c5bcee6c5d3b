namespace MlSystem.Inference.Explanations.Sampling;

/// <summary>
/// The coalitions of columns that KernelSHAP evaluates (Lundberg and Lee, "A unified approach to interpreting model predictions", 2017):
/// whole sizes as long as there is room for all coalitions of that size and of its complement, the rest drawn in pairs with their complement.
/// </summary>
internal sealed class CoalitionPlan
{
    private CoalitionPlan(IReadOnlyList<bool[]> coalitions, double[] weights, bool isComplete)
    {
        Coalitions = coalitions;
        Weights = weights;
        IsComplete = isComplete;
    }

    /// <summary>Neither the empty nor the full one.</summary>
    public IReadOnlyList<bool[]> Coalitions { get; }

    /// <summary>Of the regression.</summary>
    public double[] Weights { get; }

    /// <summary>Whether every coalition is there: then the result is exact.</summary>
    public bool IsComplete { get; }

    /// <param name="players">At least 2.</param>
    /// <param name="samples">Coalitions at most.</param>
    public static CoalitionPlan Make(int players, int samples, SeededRandom random)
    {
        var coalitions = new List<bool[]>();
        var weights = new List<double>();
        var sizes = Enumerable.Range(1, players / 2).ToArray();

        // Both sizes of a pair together; the middle size of an even number is its own complement.
        var shares = sizes.Select(size => (players - 1.0) / (size * (players - size)) * (size * 2 == players ? 1 : 2)).ToArray();
        var sum = shares.Sum();
        var next = 0;
        for (; next < sizes.Length; next++)
        {
            var count = Binomial(players, sizes[next]) * (sizes[next] * 2 == players ? 1 : 2);

            // As shap does: a size is enumerated when as many draws as its share would give would repeat them all.
            var left = samples - coalitions.Count;
            if (count > left || (count > left * shares[next] / shares[next..].Sum() && next < sizes.Length - 1 && Rest(players, sizes[next..]) > left))
            {
                break;
            }

            foreach (var coalition in OfSize(players, sizes[next]))
            {
                coalitions.Add(coalition);
                weights.Add(shares[next] / sum / count);
                if (sizes[next] * 2 != players)
                {
                    coalitions.Add([.. coalition.Select(member => !member)]);
                    weights.Add(shares[next] / sum / count);
                }
            }
        }

        if (next < sizes.Length)
        {
            Draw(players, sizes[next..], shares[next..], shares[next..].Sum() / sum, samples - coalitions.Count, random, coalitions, weights);
        }

        return new CoalitionPlan(coalitions, [.. weights], next == sizes.Length);
    }

    private static void Draw(int players, int[] sizes, double[] shares, double weight, int samples, SeededRandom random, List<bool[]> coalitions, List<double> weights)
    {
        var first = coalitions.Count;
        var order = Enumerable.Range(0, players).ToArray();
        var sum = shares.Sum();

        // One draw has no pair to go with when the number is odd and no more than one was asked for.
        for (var drawn = 0; drawn < samples; drawn += 2)
        {
            var point = random.NextDouble() * sum;
            var size = 0;
            while (size < sizes.Length - 1 && (point -= shares[size]) >= 0)
            {
                size++;
            }

            random.Shuffle(order);
            var coalition = new bool[players];
            for (var i = 0; i < sizes[size]; i++)
            {
                coalition[order[i]] = true;
            }

            coalitions.Add(coalition);
            coalitions.Add([.. coalition.Select(member => !member)]);
        }

        for (var i = first; i < coalitions.Count; i++)
        {
            weights.Add(weight / (coalitions.Count - first));
        }
    }

    /// <summary>All coalitions of these sizes and their complements.</summary>
    private static double Rest(int players, int[] sizes) => sizes.Sum(size => Binomial(players, size) * (size * 2 == players ? 1 : 2));

    private static double Binomial(int n, int k)
    {
        var result = 1.0;
        for (var i = 1; i <= k; i++)
        {
            result = result * (n - k + i) / i;
        }

        return Math.Round(result);
    }

    private static IEnumerable<bool[]> OfSize(int players, int size)
    {
        var members = Enumerable.Range(0, size).ToArray();
        while (true)
        {
            var coalition = new bool[players];
            foreach (var member in members)
            {
                coalition[member] = true;
            }

            yield return coalition;
            var last = size - 1;
            while (last >= 0 && members[last] == players - size + last)
            {
                last--;
            }

            if (last < 0)
            {
                yield break;
            }

            members[last]++;
            for (var i = last + 1; i < size; i++)
            {
                members[i] = members[i - 1] + 1;
            }
        }
    }
}

using System.Globalization;
using System.Text.Json;

namespace MlSystem.Training.Labels.Selection;

/// <summary>How much the label of a prediction would teach, from what the model said of it: 0 to 1.</summary>
internal static class Informativeness
{
    /// <param name="probabilities">By class; empty: nothing is known, which is as uncertain as can be.</param>
    public static double Of(string strategy, IReadOnlyList<double> probabilities)
    {
        if (probabilities.Count < 2)
        {
            return strategy == LabelStrategy.Committee ? 0 : 1;
        }

        var sorted = probabilities.OrderDescending().ToArray();
        return strategy switch
        {
            LabelStrategy.LeastConfident => 1 - sorted[0],
            LabelStrategy.Margin => 1 - (sorted[0] - sorted[1]),
            LabelStrategy.Committee => 0,
            _ => Entropy(probabilities, probabilities.Count),
        };
    }

    /// <summary>Vote entropy (Dagan and Engelson, "Committee-Based Sampling", ICML 1995) as share of the largest possible.</summary>
    public static double OfVotes(IReadOnlyCollection<string> votes)
    {
        var shares = votes.CountBy(v => v, StringComparer.Ordinal).Select(v => (double)v.Value / votes.Count).ToArray();
        return votes.Count < 2 ? 0 : Entropy(shares, votes.Count);
    }

    /// <summary>
    /// Information density (Settles and Craven, EMNLP 2008): mean similarity of each row to the others. Numbers are compared by
    /// their distance in deviations, texts by equality, column by column.
    /// </summary>
    public static double[] Densities(IReadOnlyList<JsonElement> rows)
    {
        var columns = rows.SelectMany(r => r.EnumerateObject().Select(p => p.Name)).Distinct(StringComparer.Ordinal).ToArray();
        var densities = new double[rows.Count];
        foreach (var column in columns)
        {
            var numbers = rows.Select(r => r.TryGetProperty(column, out var v) && v.ValueKind == JsonValueKind.Number ? v.GetDouble() : double.NaN).ToArray();
            var texts = rows.Select(r => r.TryGetProperty(column, out var v) ? v.GetRawText() : "").ToArray();
            var deviation = Deviation(numbers);
            for (var i = 0; i < rows.Count; i++)
            {
                for (var j = 0; j < rows.Count; j++)
                {
                    densities[i] += i == j ? 0
                        : double.IsNaN(numbers[i]) || double.IsNaN(numbers[j]) || deviation == 0 ? (texts[i] == texts[j] ? 1 : 0)
                        : Math.Exp(-Math.Abs(numbers[i] - numbers[j]) / deviation);
                }
            }
        }

        return [.. densities.Select(d => rows.Count < 2 || columns.Length == 0 ? 1 : d / ((rows.Count - 1) * columns.Length))];
    }

    /// <summary>A number in [0, 1) that depends on the text alone: the smallest of many are a sample without replacement.</summary>
    public static double Chance(string queue, string predictionId)
    {
        var hash = System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{queue}\n{predictionId}")));
        return (System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(hash) >> 11) * (1.0 / (1L << 53));
    }

    private static double Entropy(IReadOnlyList<double> shares, int most) =>
        -shares.Where(p => p > 0).Sum(p => p * Math.Log(p)) / Math.Log(most);

    private static double Deviation(double[] values)
    {
        var known = values.Where(v => !double.IsNaN(v)).ToArray();
        var mean = known.Length == 0 ? 0 : known.Average();
        return known.Length == 0 ? 0 : Math.Sqrt(known.Average(v => (v - mean) * (v - mean)));
    }
}

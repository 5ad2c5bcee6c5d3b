namespace MlSystem.Training.Evaluation;

/// <summary>
/// One-sided paired z-test of two models' losses on the same rows: is the challenger's mean loss above the champion's?
/// By the central limit theorem it suits some tens of rows and more.
/// </summary>
/// <param name="MeanDifference">Challenger's mean loss less the champion's; negative is better.</param>
/// <param name="PValue">Probability of a difference at least this large if the challenger were no worse, 0 to 1.</param>
public sealed record PairedTest(double MeanDifference, double PValue)
{
    public static PairedTest Of(IReadOnlyList<double> challenger, IReadOnlyList<double> champion)
    {
        if (challenger.Count != champion.Count || challenger.Count == 0)
        {
            throw new ArgumentException("A paired test needs the same rows of both models.", nameof(champion));
        }

        var differences = challenger.Zip(champion, (a, b) => a - b).ToArray();
        var mean = differences.Average();
        var variance = differences.Length > 1 ? differences.Sum(d => (d - mean) * (d - mean)) / (differences.Length - 1) : 0;
        if (variance == 0)
        {
            return new PairedTest(mean, mean > 0 ? 0 : 1);
        }

        return new PairedTest(mean, 1 - NormalCdf(mean / Math.Sqrt(variance / differences.Length)));
    }

    /// <summary>Abramowitz and Stegun 26.2.17, absolute error below 7.5e-8.</summary>
    private static double NormalCdf(double z)
    {
        var t = 1 / (1 + (0.2316419 * Math.Abs(z)));
        var poly = t * (0.319381530 + (t * (-0.356563782 + (t * (1.781477937 + (t * (-1.821255978 + (t * 1.330274429))))))));
        var tail = Math.Exp(-z * z / 2) / Math.Sqrt(2 * Math.PI) * poly;
        return z >= 0 ? 1 - tail : tail;
    }
}

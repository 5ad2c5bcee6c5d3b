namespace MlSystem.Training.Gates.Statistics;

/// <summary>How much worse the challenger is than the champion on the same rows, and how sure that is.</summary>
/// <param name="Challenger">The challenger's value of the compared quantity.</param>
/// <param name="Champion">The champion's.</param>
/// <param name="Difference">How much worse the challenger is, in the quantity's unit; negative when it is better.</param>
/// <param name="StandardError">Of the difference; null where the method has none.</param>
internal sealed record PairedEstimate(double Challenger, double Champion, double Difference, double? StandardError)
{
    /// <summary>Probability of a difference at least this large if the challenger were no worse, 0 to 1.</summary>
    public required double WorseP { get; init; }

    /// <summary>The one-sided upper confidence bound of the difference for a level: with probability 1 - level the true one is not above.</summary>
    public required Func<double, double> UpperBound { get; init; }

    /// <summary>An estimate whose error is normal.</summary>
    public static PairedEstimate Normal(double challenger, double champion, double difference, double standardError) => new(challenger, champion, difference, standardError)
    {
        WorseP = standardError > 0 ? NormalDistribution.Tail(difference / standardError) : difference > 0 ? 0 : 1,
        UpperBound = level => difference + (standardError > 0 ? NormalDistribution.Quantile(1 - level) * standardError : 0),
    };

    internal static void CheckPaired(int challenger, int champion)
    {
        if (challenger != champion || challenger == 0)
        {
            throw new ArgumentException($"A paired comparison needs the same rows of both models and at least one, got {challenger} and {champion}.");
        }
    }
}

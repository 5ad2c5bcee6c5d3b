namespace MlSystem.Training.Tabular.Selection;

/// <summary>Which target transforms are tried.</summary>
internal static class TargetChoice
{
    /// <summary>Skewness from which on a target is worth a logarithm.</summary>
    private const double Skewed = 1;

    /// <returns>Whether to take the logarithm, for each candidate.</returns>
    public static bool[] Candidates(TabularFrame fit, string transform) => transform switch
    {
        TargetTransform.None => [false],
        TargetTransform.Log1P => [true],
        _ => fit.Targets is { } targets && targets.All(t => t >= 0) && Skewness(targets) > Skewed ? [false, true] : [false],
    };

    private static double Skewness(IReadOnlyList<float> targets)
    {
        var mean = targets.Average(t => (double)t);
        var deviation = Math.Sqrt(targets.Average(t => Math.Pow(t - mean, 2)));
        return targets.Average(t => Math.Pow((t - mean) / deviation, 3));
    }
}

namespace MlSystem.Training.Tabular.Outputs;

/// <summary>
/// A monotone map of one class's probability, learned on rows that the model has not seen: x is the log-odds of the
/// probability for <see cref="Platt"/> and the probability itself for <see cref="Isotonic"/>.
/// </summary>
internal abstract record Calibrator
{
    public abstract double Apply(double probability);

    /// <summary>1 / (1 + exp(-(Slope · log-odds + Offset))) (Platt 1999).</summary>
    public sealed record Platt(double Slope, double Offset) : Calibrator
    {
        public override double Apply(double probability) => Logits.Probability((Slope * Logits.Of(probability)) + Offset);
    }

    /// <summary>Linear between ascending knots, constant outside (Zadrozny and Elkan 2002).</summary>
    public sealed record Isotonic(IReadOnlyList<double> Inputs, IReadOnlyList<double> Outputs) : Calibrator
    {
        /// <summary>Change of slope at each knot: f(x) = Outputs[0] + Σ change · max(0, x - knot), which is how the graph computes it.</summary>
        public double[] SlopeChanges()
        {
            var changes = new double[Inputs.Count];
            var before = 0.0;
            for (var i = 0; i < changes.Length; i++)
            {
                var slope = i + 1 < changes.Length ? (Outputs[i + 1] - Outputs[i]) / (Inputs[i + 1] - Inputs[i]) : 0;
                changes[i] = slope - before;
                before = slope;
            }

            return changes;
        }

        public override double Apply(double probability)
        {
            var changes = SlopeChanges();
            var value = Outputs[0];
            for (var i = 0; i < changes.Length; i++)
            {
                value += changes[i] * Math.Max(0, probability - Inputs[i]);
            }

            return Math.Clamp(value, Outputs[0], Outputs[^1]);
        }
    }
}

/// <summary>Log-odds and back.</summary>
internal static class Logits
{
    /// <summary>Probabilities are kept this far from 0 and 1.</summary>
    public const double Smallest = 1e-12;

    public static double Of(double probability)
    {
        var p = Math.Clamp(probability, Smallest, 1 - Smallest);
        return Math.Log(p / (1 - p));
    }

    public static double Probability(double logit) => 1 / (1 + Math.Exp(-logit));
}

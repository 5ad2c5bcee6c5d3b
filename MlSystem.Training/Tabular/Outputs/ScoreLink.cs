namespace MlSystem.Training.Tabular.Outputs;

/// <summary>How raw scores become predictions, before calibration.</summary>
internal abstract record ScoreLink
{
    /// <summary>P(second class) = 1 / (1 + exp(-score)).</summary>
    public sealed record Logistic : ScoreLink;

    /// <summary>P(class) = softmax over the classes' scores.</summary>
    public sealed record Softmax : ScoreLink;

    /// <summary>P(class) ∝ 1 / (1 + exp(-score of the class)): one model for each class against the rest.</summary>
    public sealed record OneVersusAll : ScoreLink;

    /// <summary>value = Mean + Deviation · score, since the trainer saw a standardised target; with <paramref name="Log"/> exp(value) - 1.</summary>
    public sealed record Affine(double Mean, double Deviation, bool Log) : ScoreLink
    {
        public double Value(double score)
        {
            var value = Mean + (Deviation * score);
            return Log ? Math.Exp(value) - 1 : value;
        }

        /// <summary>The score that would give a value.</summary>
        public double Score(double value) => ((Log ? Math.Log(value + 1) : value) - Mean) / Deviation;
    }
}

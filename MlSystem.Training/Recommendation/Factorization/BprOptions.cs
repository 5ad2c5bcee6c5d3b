namespace MlSystem.Training.Recommendation.Factorization;

/// <summary>Settings of <see cref="Bpr"/>.</summary>
public sealed record BprOptions
{
    /// <summary>Width of the factors, 1 to 1024.</summary>
    public int Factors { get; init; } = 64;

    /// <summary>Passes over as many sampled pairs as there are interactions, 1 to 10,000.</summary>
    public int Epochs { get; init; } = 200;

    /// <summary>Step length of the first epoch, above 0 to 1; falls linearly to a tenth of it.</summary>
    public double LearningRate { get; init; } = 0.1;

    /// <summary>Weight of the squared factors in each step, at least 0.</summary>
    public double Regularisation { get; init; } = 0.01;

    /// <exception cref="ArgumentException">A setting is out of range.</exception>
    public void Validate()
    {
        Setting.Check(Factors is >= 1 and <= 1024, "factors", Factors, "1 to 1024");
        Setting.Check(Epochs is >= 1 and <= 10_000, "epochs", Epochs, "1 to 10000");
        Setting.Check(LearningRate is > 0 and <= 1, "learning_rate", LearningRate, "above 0 to 1");
        Setting.Check(Regularisation >= 0, "regularisation", Regularisation, "at least 0");
    }
}

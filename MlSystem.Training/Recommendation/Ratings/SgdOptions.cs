namespace MlSystem.Training.Recommendation.Ratings;

/// <summary>Settings of <see cref="RatingSgd"/>: biased matrix factorization and SVD++ by stochastic gradient descent.</summary>
public sealed record SgdOptions
{
    /// <summary>Width of the factors, 1 to 1024.</summary>
    public int Factors { get; init; } = 100;

    /// <summary>Most passes over the ratings, 1 to 10,000; fewer when an inner hold-out of ratings was best after fewer.</summary>
    public int Epochs { get; init; } = 100;

    /// <summary>Step length of the first epoch, above 0 to 1.</summary>
    public double LearningRate { get; init; } = 0.01;

    /// <summary>The step length is multiplied by this after each epoch, above 0 to 1.</summary>
    public double Decay { get; init; } = 0.98;

    /// <summary>Of biases and factors, at least 0.</summary>
    public double Regularisation { get; init; } = 0.06;

    /// <summary>Standard deviation of the first factors, above 0.</summary>
    public double InitialDeviation { get; init; } = 0.015;

    /// <summary>Whether the items of the history count, too (SVD++).</summary>
    public bool History { get; init; }

    /// <summary>Of the history's factors, at least 0.</summary>
    public double HistoryRegularisation { get; init; } = 0.003;

    /// <summary>Whether the number of epochs is chosen on an inner hold-out before all ratings are trained on.</summary>
    public bool EarlyStopping { get; init; } = true;

    /// <summary>Defaults of SVD++.</summary>
    public static SgdOptions SvdPlusPlus { get; } = new() { History = true, LearningRate = 0.007, Epochs = 60, InitialDeviation = 0.025 };

    /// <exception cref="ArgumentException">A setting is out of range.</exception>
    public void Validate()
    {
        Setting.Check(Factors is >= 1 and <= 1024, "factors", Factors, "1 to 1024");
        Setting.Check(Epochs is >= 1 and <= 10_000, "epochs", Epochs, "1 to 10000");
        Setting.Check(LearningRate is > 0 and <= 1, "learning_rate", LearningRate, "above 0 to 1");
        Setting.Check(Decay is > 0 and <= 1, "decay", Decay, "above 0 to 1");
        Setting.Check(InitialDeviation > 0, "initial_deviation", InitialDeviation, "above 0");
        Setting.Check(Regularisation >= 0, "regularisation", Regularisation, "at least 0");
        Setting.Check(HistoryRegularisation >= 0, "history_regularisation", HistoryRegularisation, "at least 0");
    }
}

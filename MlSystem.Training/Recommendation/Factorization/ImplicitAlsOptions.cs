using MlSystem.Training.Recommendation.Models;

namespace MlSystem.Training.Recommendation.Factorization;

public enum ImplicitLoss
{
    /// <summary>Missing interactions weigh 1, seen ones 1 + α w.</summary>
    HuKorenVolinsky,

    /// <summary>Missing interactions weigh 1, seen ones α w more, but their target counts α w only.</summary>
    Ials,
}

/// <summary>Settings of <see cref="ImplicitAls"/>.</summary>
public sealed record ImplicitAlsOptions
{
    /// <summary>Width of the factors, 1 to 1024.</summary>
    public int Factors { get; init; } = 64;

    /// <summary>Times that both sides are solved, 1 to 1000.</summary>
    public int Iterations { get; init; } = 15;

    /// <summary>Weight of a seen interaction above a missing one, above 0; null: chosen on an inner hold-out.</summary>
    public double? Alpha { get; init; }

    /// <summary>λ, above 0; null: chosen on an inner hold-out.</summary>
    public double? Regularisation { get; init; }

    /// <summary>ν in λ (α n + m)^ν, where n counts a row's interactions and m is the size of the other side; 0: λ for all rows.</summary>
    public double RegularisationExponent { get; init; }

    public ImplicitLoss Loss { get; init; } = ImplicitLoss.HuKorenVolinsky;

    public ValueWeighting Weighting { get; init; } = ValueWeighting.Binary;

    /// <exception cref="ArgumentException">A setting is out of range.</exception>
    public void Validate()
    {
        Setting.Check(Factors is >= 1 and <= 1024, "factors", Factors, "1 to 1024");
        Setting.Check(Iterations is >= 1 and <= 1000, "iterations", Iterations, "1 to 1000");
        Setting.Check(Alpha is null or > 0, "alpha", Alpha, "above 0");
        Setting.Check(Regularisation is null or > 0, "regularisation", Regularisation, "above 0");
        Setting.Check(RegularisationExponent is >= 0 and <= 1, "regularisation_exponent", RegularisationExponent, "0 to 1");
    }
}

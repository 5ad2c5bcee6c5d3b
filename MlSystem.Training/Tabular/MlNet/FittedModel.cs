using MlSystem.Onnx;

namespace MlSystem.Training.Tabular.MlNet;

/// <summary>How scores become predictions.</summary>
internal abstract record ScoreLink
{
    /// <summary>P(second class) = 1 / (1 + exp(Slope · score + Offset)).</summary>
    public sealed record Logistic(double Slope, double Offset) : ScoreLink;

    /// <summary>P(class) = softmax over the classes' scores.</summary>
    public sealed record Softmax : ScoreLink;

    /// <summary>prediction = Mean + Deviation · score: the trainer saw a standardised target.</summary>
    public sealed record Affine(double Mean, double Deviation) : ScoreLink;
}

/// <summary>A trained ML.NET model in the form that the graph is written from; exactly one of trees and linear is set.</summary>
internal sealed record FittedModel
{
    public TreeEnsemble? Trees { get; init; }

    public LinearModel? Linear { get; init; }

    public required ScoreLink Link { get; init; }

    /// <summary>ML.NET's own answer: what the graph is held against.</summary>
    public required Func<FeatureMatrix, ReferenceScores> Reference { get; init; }

    /// <summary>What the trainer decided, e.g. the number of trees.</summary>
    public required IReadOnlyDictionary<string, string> Facts { get; init; }
}

/// <summary>Features of some rows, row-major, and the labels when they are known.</summary>
/// <param name="Values">Rows × <paramref name="Width"/>.</param>
internal sealed record FeatureMatrix(float[] Values, int Width)
{
    public int Rows => Width == 0 ? 0 : Values.Length / Width;

    /// <summary>Class positions, from 0.</summary>
    public int[]? Classes { get; init; }

    /// <summary>Standardised targets.</summary>
    public float[]? Targets { get; init; }
}

/// <summary>ML.NET's answer for some rows.</summary>
/// <param name="Scores">Raw scores of binary classification and regression, one a row; empty for several classes.</param>
/// <param name="Probabilities">Binary: of the second class, one a row; several classes: row-major; regression: empty.</param>
internal sealed record ReferenceScores(float[] Scores, float[] Probabilities);

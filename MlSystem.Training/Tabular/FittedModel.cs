using MlSystem.Onnx;
using MlSystem.Training.Tabular.Features;
using MlSystem.Training.Tabular.Outputs;

namespace MlSystem.Training.Tabular;

/// <summary>A trained model in the form that the graph is written from; exactly one of trees and linear is set.</summary>
internal sealed record FittedModel
{
    public TreeEnsemble? Trees { get; init; }

    public LinearModel? Linear { get; init; }

    public required ScoreLink Link { get; init; }

    /// <summary>The trainer's own raw scores, rows × outputs: what the graph is held against.</summary>
    public required Func<FeatureRows, double[]> Scores { get; init; }

    /// <summary>What the trainer decided, e.g. the number of trees.</summary>
    public required IReadOnlyDictionary<string, string> Facts { get; init; }
}

using MlSystem.Onnx;
using MlSystem.Training.Tabular.Features;
using MlSystem.Training.Tabular.Outputs;

namespace MlSystem.Training.Tabular.Selection;

/// <summary>An algorithm: first what the options leave open is chosen on held-out rows, then it is fitted.</summary>
internal interface ILearner
{
    /// <summary>The options with nothing left open that held-out rows decide.</summary>
    TabularOptions Choose(IReadOnlyList<Fold> folds, TabularOptions options, LearnerContext context);

    /// <exception cref="TrainingDataException">The rows can't be learned from.</exception>
    FittedModel Fit(TrainingSet set, TabularOptions options, LearnerContext context);
}

/// <summary>Rows to fit and rows to judge by.</summary>
internal sealed record Fold(TrainingSet Fit, TrainingSet Held);

/// <param name="Parent">The model whose training goes on; null: a fresh one.</param>
/// <param name="Progress">Share of this fit that is done, 0 to 1.</param>
internal sealed record LearnerContext(ParentModel? Parent, Action<double> Progress, CancellationToken Cancellation);

/// <summary>What a parent version brings: exactly one of trees and linear is set.</summary>
internal sealed record ParentModel(TreeEnsemble? Trees, LinearModel? Linear);

internal static class LearnerLinks
{
    /// <summary>The link of a trainer that gives one score for two classes or a number, and one for each of more classes.</summary>
    public static ScoreLink Of(TargetColumn targets) =>
        targets.Classes == 0 ? new ScoreLink.Affine(0, 1, false) : targets.Classes == 2 ? new ScoreLink.Logistic() : new ScoreLink.Softmax();
}

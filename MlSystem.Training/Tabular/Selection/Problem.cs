using MlSystem.Training.Tabular.Features;
using MlSystem.Training.Tabular.Outputs;
using MlSystem.Training.Tabular.Preprocessing;

namespace MlSystem.Training.Tabular.Selection;

/// <summary>Rows with one way to see their target, and the inner folds that decide what is left open.</summary>
internal sealed class Problem
{
    private readonly IReadOnlyList<string> _classes;
    private readonly ScoreLink.Affine? _affine;
    private readonly Lazy<IReadOnlyList<Fold>> _folds;

    private Problem(TrainingSet set, TrainingSet? validation, IReadOnlyList<string> classes, ScoreLink.Affine? affine, TabularOptions options)
    {
        (Set, _classes, _affine) = (set, classes, affine);
        _folds = new(() => validation is not null ? [new Fold(set, validation)] : Folds.Of(set, Folds.Held(set.Targets, set.Rows, options.Seed)));
    }

    public TrainingSet Set { get; }

    public static Problem Of(TabularFrame fit, TabularFrame? validation, FeatureRows rows, TabularPreprocessor preprocessor, IReadOnlyList<string> classes, bool log, TabularOptions options)
    {
        var affine = classes.Count > 0 ? null : TabularLabels.Standardisation(fit, log);
        var checking = validation is { Rows: > 0 } ? new TrainingSet(preprocessor.Transform(validation), Targets(validation)) : null;
        return new Problem(new TrainingSet(rows, Targets(fit)), checking, classes, affine, options);

        TargetColumn Targets(TabularFrame frame)
        {
            var positions = affine is null ? TabularLabels.Positions(frame, classes) : null;
            return new TargetColumn(classes.Count, positions, affine is null ? null : TabularLabels.Standardised(frame, affine), positions is null ? null : ClassWeights.Of(positions, classes, options));
        }
    }

    /// <param name="judged">Whether the squared error of held-out rows, in the target's unit, is needed to compare problems.</param>
    public Chosen Choose(ILearner learner, TabularOptions options, LearnerContext context, bool judged)
    {
        var chosen = learner.Choose(_folds.Value, options, context);
        return new Chosen(chosen, judged ? Error(learner, chosen, context) : 0);
    }

    /// <summary>Link, and calibration and threshold learned on held-out rows.</summary>
    public OutputStage Stage(ScoreLink link, Chosen chosen, ILearner learner, LearnerContext context)
    {
        var options = chosen.Options;
        if (_affine is not null)
        {
            return new OutputStage(_affine, [], null);
        }

        var stage = new OutputStage(link, [], null);
        var thresholded = options.Threshold.Objective != ThresholdObjective.None;
        if (options.Calibration == CalibrationMethod.None && !thresholded)
        {
            return stage;
        }

        var held = Held(learner, options, context);
        var positions = held.SelectMany(h => h.Fold.Held.Targets.Positions!).ToArray();
        double[] Probabilities() => [.. held.SelectMany(h => stage.Probabilities(h.Scores, _classes.Count))];
        if (options.Calibration != CalibrationMethod.None)
        {
            var raw = Probabilities();
            stage = stage with { Calibrators = [.. CalibratedClasses().Select(c => Calibration.Fit(options.Calibration, Column(raw, c), Array.ConvertAll(positions, p => p == c)))] };
        }

        return !thresholded ? stage
            : _classes.Count == 2 ? stage with { Threshold = DecisionThreshold.Choose(options.Threshold, Column(Probabilities(), 1), Array.ConvertAll(positions, p => p == 1)) }
            : throw new ArgumentException("A probability threshold is for two classes.");
    }

    private IEnumerable<int> CalibratedClasses() => _classes.Count == 2 ? [1] : Enumerable.Range(0, _classes.Count);

    private double[] Column(double[] probabilities, int column) =>
        [.. Enumerable.Range(0, probabilities.Length / _classes.Count).Select(r => probabilities[(r * _classes.Count) + column])];

    private double Error(ILearner learner, TabularOptions options, LearnerContext context) =>
        Held(learner, options, context).Sum(h => h.Scores.Select((score, row) => Math.Pow(_affine!.Value(score) - _affine.Value(h.Fold.Held.Targets.Values![row]), 2)).Sum());

    /// <summary>Scores of the held-out rows by models that have not seen them.</summary>
    private List<(Fold Fold, double[] Scores)> Held(ILearner learner, TabularOptions options, LearnerContext context) =>
        [.. _folds.Value.Select(fold => (fold, learner.Fit(fold.Fit, options, context).Scores(fold.Held.Features)))];
}

/// <param name="Error">Sum of squared errors of held-out rows; 0 when nothing was compared.</param>
internal sealed record Chosen(TabularOptions Options, double Error);

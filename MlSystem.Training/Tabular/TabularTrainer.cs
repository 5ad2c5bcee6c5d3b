using MlSystem.Onnx;
using MlSystem.Training.Tabular.LightGbm;
using MlSystem.Training.Tabular.Linear;
using MlSystem.Training.Tabular.MlNet;
using MlSystem.Training.Tabular.Outputs;
using MlSystem.Training.Tabular.Preprocessing;
using MlSystem.Training.Tabular.Selection;

namespace MlSystem.Training.Tabular;

/// <summary>Trains a model on tabular rows and writes it as one ONNX graph from raw columns to predictions.</summary>
public static class TabularTrainer
{
    /// <summary>Rows on which the graph is held against the trainer's own scores after training.</summary>
    private const int ParityRows = 2000;

    /// <summary>Training rows that tell how many rows come to each node.</summary>
    private const int CoverRows = 50_000;

    /// <summary>Trains; blocks until done.</summary>
    /// <param name="fit">Rows to learn from, with labels.</param>
    /// <param name="validation">Rows that decide what the options leave open; null: parts of <paramref name="fit"/> do, and then all of it is fitted.</param>
    /// <param name="progress">Share done, 0 to 1.</param>
    /// <param name="cancellation">Obeyed between rounds and steps; FastTree finishes its boosting first.</param>
    /// <exception cref="TrainingDataException">The data can't be learned from.</exception>
    /// <exception cref="ArgumentException">Options are out of range.</exception>
    /// <exception cref="ModelParityException">The graph doesn't predict what the trained model predicts.</exception>
    public static TabularModel Train(TabularFrame fit, TabularFrame? validation, TabularOptions options, IProgress<double>? progress = null, CancellationToken cancellation = default) =>
        TrainWithReference(fit, validation, options, progress, cancellation).Model;

    /// <summary>Also gives what was trained, as the reference for the graph.</summary>
    internal static (TabularModel Model, TrainedTabular Reference) TrainWithReference(TabularFrame fit, TabularFrame? validation, TabularOptions options, IProgress<double>? progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(fit);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        CheckFrames(fit, validation);
        cancellation.ThrowIfCancellationRequested();
        var trained = Fit(fit, validation, options, progress, cancellation);
        var parameters = TabularFacts.Of(trained);
        var onnx = TabularGraph.Write(fit.Schema, trained.Classes, trained.Preprocessor, trained.Model, trained.Stage, parameters).ToBytes();
        var model = new TabularModel(onnx, TabularSignature.Of(fit.Schema, trained), fit.Schema, parameters, trained.Preprocessor.FeatureNames);
        try
        {
            progress?.Report(0.95);
            cancellation.ThrowIfCancellationRequested();
            ModelParity.Check(model, trained, fit.Select([.. Enumerable.Range(0, Math.Min(fit.Rows, ParityRows))]));
            progress?.Report(1);
            return (model, trained);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    private static TrainedTabular Fit(TabularFrame fit, TabularFrame? validation, TabularOptions options, IProgress<double>? progress, CancellationToken cancellation)
    {
        var classes = fit.Schema.IsClassification ? TabularLabels.Classes(fit) : [];
        var preprocessor = TabularPreprocessor.Fit(fit, options, standardise: options.Algorithm == TabularAlgorithm.Linear);
        ILearner learner = options.Algorithm switch
        {
            TabularAlgorithm.LightGbm => new LightGbmLearner(),
            TabularAlgorithm.FastTree => new FastTreeLearner(),
            _ => new LinearLearner(),
        };
        progress?.Report(0.05);
        var context = new LearnerContext(null, _ => { }, cancellation);
        var rows = preprocessor.Transform(fit);
        var problems = TargetChoice.Candidates(fit, classes.Count > 0 ? TargetTransform.None : options.TargetTransform)
            .Select(log => Problem.Of(fit, validation, rows, preprocessor, classes, log, options)).ToList();
        var choices = problems.ConvertAll(p => p.Choose(learner, options, context, judged: problems.Count > 1));
        var best = Enumerable.Range(0, choices.Count).MinBy(i => choices[i].Error);
        var (problem, chosen) = (problems[best], choices[best]);
        progress?.Report(0.5);
        cancellation.ThrowIfCancellationRequested();
        var model = learner.Fit(problem.Set, chosen.Options, context with { Progress = share => progress?.Report(0.5 + (0.4 * share)) });
        var stage = problem.Stage(model.Link, chosen, learner, context);
        progress?.Report(0.9);

        // How many training rows come to each node: what path-dependent explanations weigh by.
        var sample = rows.Rows <= CoverRows ? rows : rows.Select([.. Enumerable.Range(0, CoverRows).Select(i => (int)((long)i * rows.Rows / CoverRows))]);
        var counted = model with { Trees = model.Trees?.WithCovers<float>(sample.ToMatrix(), sample.Width) };
        return new TrainedTabular(preprocessor, classes, counted, stage, chosen.Options);
    }

    private static void CheckFrames(TabularFrame fit, TabularFrame? validation)
    {
        if (fit.Rows == 0)
        {
            throw new TrainingDataException(null, "there are no rows");
        }

        if (validation is not null && !validation.Schema.Columns.SequenceEqual(fit.Schema.Columns))
        {
            throw new TrainingDataException(null, "validation rows have other columns than the training rows");
        }
    }
}

/// <summary>What training learned, before it is written as a graph.</summary>
/// <param name="Options">With everything that was chosen.</param>
internal sealed record TrainedTabular(TabularPreprocessor Preprocessor, IReadOnlyList<string> Classes, FittedModel Model, OutputStage Stage, TabularOptions Options);

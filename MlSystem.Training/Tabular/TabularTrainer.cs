using System.Globalization;
using Microsoft.ML;
using MlSystem.Contracts;
using MlSystem.Onnx;
using MlSystem.Training.Tabular.MlNet;
using MlSystem.Training.Tabular.Preprocessing;

namespace MlSystem.Training.Tabular;

/// <summary>Trains a model on tabular rows and writes it as one ONNX graph from raw columns to predictions.</summary>
public static class TabularTrainer
{
    /// <summary>Rows on which the graph is held against ML.NET after training.</summary>
    private const int ParityRows = 2000;

    /// <summary>Trains; blocks until done.</summary>
    /// <param name="fit">Rows to learn from, with labels.</param>
    /// <param name="validation">Rows that tell boosting when to stop; null: it runs for a fixed number of rounds.</param>
    /// <param name="progress">Share done, 0 to 1.</param>
    /// <param name="cancellation">Obeyed between the steps; a trainer that has begun finishes first.</param>
    /// <exception cref="TrainingDataException">The data can't be learned from.</exception>
    /// <exception cref="ArgumentException">Options are out of range, or the algorithm doesn't do the task.</exception>
    /// <exception cref="ModelParityException">The graph doesn't predict what the trained model predicts.</exception>
    public static TabularModel Train(TabularFrame fit, TabularFrame? validation, TabularOptions options, IProgress<double>? progress = null, CancellationToken cancellation = default) =>
        TrainWithReference(fit, validation, options, progress, cancellation).Model;

    /// <summary>Also gives what ML.NET trained, as the reference for the graph.</summary>
    internal static (TabularModel Model, TrainedTabular Reference) TrainWithReference(TabularFrame fit, TabularFrame? validation, TabularOptions options, IProgress<double>? progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(fit);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        CheckFrames(fit, validation);
        cancellation.ThrowIfCancellationRequested();
        var trained = Fit(fit, validation, options, progress, cancellation);
        var parameters = Parameters(options, trained);
        var onnx = TabularGraph.Write(fit.Schema, trained.Classes, trained.Preprocessor, trained.Model, parameters).ToBytes();
        var model = new TabularModel(onnx, TabularSignature.Of(fit.Schema, trained), fit.Schema, parameters, trained.Preprocessor.FeatureNames);
        try
        {
            progress?.Report(0.9);
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
        var link = fit.Schema.IsClassification ? null : TabularLabels.Standardisation(fit);
        var preprocessor = TabularPreprocessor.Fit(fit, options, standardise: options.Algorithm == TabularAlgorithm.Linear);
        var training = Matrix(fit, preprocessor, classes, link);
        var checking = validation is { Rows: > 0 } ? Matrix(validation, preprocessor, classes, link) : null;
        progress?.Report(0.1);
        cancellation.ThrowIfCancellationRequested();
        var context = new MLContext(options.Seed);
        var model = (options.Algorithm, fit.Schema.Task) switch
        {
            (TabularAlgorithm.LightGbm, ModelTask.BinaryClassification) => LightGbmFit.Binary(context, training, checking, options),
            (TabularAlgorithm.LightGbm, ModelTask.MulticlassClassification) => LightGbmFit.Multiclass(context, training, checking, options, classes.Count),
            (TabularAlgorithm.LightGbm, _) => LightGbmFit.Regression(context, training, checking, options, link!),
            (TabularAlgorithm.FastTree, ModelTask.BinaryClassification) => FastTreeFit.Binary(context, training, checking, options),
            (TabularAlgorithm.FastTree, ModelTask.Regression) => FastTreeFit.Regression(context, training, checking, options, link!),
            (TabularAlgorithm.Linear, ModelTask.BinaryClassification) => LinearFit.Binary(context, training, options),
            (TabularAlgorithm.Linear, ModelTask.MulticlassClassification) => LinearFit.Multiclass(context, training, options, classes.Count),
            (TabularAlgorithm.Linear, _) => LinearFit.Regression(context, training, options, link!),
            var (algorithm, task) => throw new ArgumentException($"Algorithm '{algorithm}' doesn't do task '{task}'.", nameof(options)),
        };
        progress?.Report(0.8);
        cancellation.ThrowIfCancellationRequested();

        // How many training rows come to each node: what path-dependent explanations weigh by. ML.NET's trees do not tell.
        var counted = model with { Trees = model.Trees?.WithCovers<float>(training.Values, training.Width) };
        return new TrainedTabular(preprocessor, classes, counted);
    }

    private static FeatureMatrix Matrix(TabularFrame frame, TabularPreprocessor preprocessor, IReadOnlyList<string> classes, ScoreLink.Affine? link) =>
        new(preprocessor.Transform(frame), preprocessor.Features)
        {
            Classes = link is null ? TabularLabels.Positions(frame, classes) : null,
            Targets = link is null ? null : TabularLabels.Standardised(frame, link),
        };

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

    private static Dictionary<string, string> Parameters(TabularOptions options, TrainedTabular trained)
    {
        var parameters = new Dictionary<string, string>(trained.Model.Facts, StringComparer.Ordinal)
        {
            ["algorithm"] = options.Algorithm,
            ["seed"] = Text(options.Seed),
            ["missing_number"] = Text(options.MissingNumber).ToLowerInvariant(),
            ["features"] = Text(trained.Preprocessor.Features),
        };
        foreach (var plan in trained.Preprocessor.Categorical.Where(c => c.Dropped > 0))
        {
            parameters[$"dropped_categories.{plan.Column.Name}"] = Text(plan.Dropped);
        }

        if (options.Algorithm is TabularAlgorithm.LightGbm or TabularAlgorithm.Linear)
        {
            parameters["l2"] = Text(options.L2);
        }

        if (options.Algorithm != TabularAlgorithm.Linear)
        {
            parameters["learning_rate"] = Text(options.LearningRate);
            parameters["leaves"] = Text(options.Leaves);
            parameters["minimum_rows_per_leaf"] = Text(options.MinimumRowsPerLeaf);
        }

        if (options.Algorithm == TabularAlgorithm.LightGbm)
        {
            parameters["feature_share"] = Text(options.FeatureShare);
            parameters["row_share"] = Text(options.RowShare);
        }

        return parameters;
    }

    private static string Text<T>(T value) => string.Create(CultureInfo.InvariantCulture, $"{value}");
}

/// <summary>What training learned, before it is written as a graph.</summary>
internal sealed record TrainedTabular(TabularPreprocessor Preprocessor, IReadOnlyList<string> Classes, FittedModel Model);

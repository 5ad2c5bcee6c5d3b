using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.Trainers.FastTree;
using MlSystem.Training.Tabular.Features;
using MlSystem.Training.Tabular.LightGbm;
using MlSystem.Training.Tabular.Outputs;
using MlSystem.Training.Tabular.Selection;

namespace MlSystem.Training.Tabular.MlNet;

/// <summary>ML.NET's boosted trees (MART, Friedman 2001); several classes by one model for each against the rest.</summary>
internal sealed class FastTreeLearner : ILearner
{
    /// <summary>ML.NET's trees come all at once, so the longest boosting is shorter than LightGBM's.</summary>
    private const int LongestSearch = 600;

    public TabularOptions Choose(IReadOnlyList<Fold> folds, TabularOptions options, LearnerContext context)
    {
        var filled = Filled(options, folds[0].Fit.Rows);
        if (options.Iterations is not null)
        {
            return filled;
        }

        var most = Math.Min(options.MaximumIterations, LongestSearch);
        var candidates = options.Leaves is { } given ? [given] : folds[0].Fit.Rows < 20_000 ? new[] { 6, 16 } : [64];
        return candidates.Select(leaves =>
        {
            var candidate = filled with { Leaves = leaves, Iterations = most };
            var losses = folds.Take(3).SelectMany(f => Losses(f, candidate, context)).ToList();
            var (loss, trees) = TreeLimit.Least(losses);
            return (Loss: loss, Options: candidate with { Iterations = trees });
        }).ToList().MinBy(c => c.Loss).Options;
    }

    public FittedModel Fit(TrainingSet set, TabularOptions options, LearnerContext context)
    {
        var filled = Filled(options, set.Rows);
        var ensembles = Targets(set.Targets).Select(t => Boost(set with { Targets = t }, filled, context)).ToList();
        var trees = MlNetTrees.Join(ensembles);
        return new FittedModel
        {
            Trees = trees,
            Link = set.Targets.Classes > 2 ? new ScoreLink.OneVersusAll() : LearnerLinks.Of(set.Targets),
            Scores = TreeScores.Of(trees),
            Facts = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["trees"] = trees.Trees.Count.ToString(CultureInfo.InvariantCulture),
                ["iterations"] = string.Create(CultureInfo.InvariantCulture, $"{filled.Iterations}"),
            },
        };
    }

    private static IEnumerable<(double[] Losses, int Rows)> Losses(Fold fold, TabularOptions options, LearnerContext context) =>
        Targets(fold.Fit.Targets).Zip(Targets(fold.Held.Targets), (fit, held) =>
        {
            var trees = MlNetTrees.Join([Boost(fold.Fit with { Targets = fit }, options, context)]);
            return (TreeLimit.Losses(trees, fold.Held.Features, held, null), fold.Held.Rows);
        });

    /// <summary>One problem, or for several classes one for each of them against the rest.</summary>
    private static IEnumerable<TargetColumn> Targets(TargetColumn targets) => targets.Classes <= 2
        ? [targets]
        : Enumerable.Range(0, targets.Classes).Select(c => targets with { Classes = 2, Positions = Array.ConvertAll(targets.Positions!, p => p == c ? 1 : 0) });

    private static MarginTrees Boost(TrainingSet set, TabularOptions options, LearnerContext context)
    {
        context.Cancellation.ThrowIfCancellationRequested();
        var ml = new MLContext(options.Seed);
        var data = MlNetData.View(ml, set);
        if (set.Targets.Classes == 0)
        {
            var regression = new FastTreeRegressionTrainer.Options { LabelColumnName = MlNetData.Target };
            Configure(regression, options);
            return new MarginTrees(ml.Regression.Trainers.FastTree(regression).Fit(data).Model.TrainedTreeEnsemble, 1, 0);
        }

        var settings = new FastTreeBinaryTrainer.Options { LabelColumnName = MlNetData.Flag };
        Configure(settings, options);
        var model = ml.BinaryClassification.Trainers.FastTree(settings).Fit(data).Model;

        // ML.NET's P = 1 / (1 + exp(slope · score + offset)); here scores are log-odds.
        return new MarginTrees(model.SubModel.TrainedTreeEnsemble, -model.Calibrator.Slope, -model.Calibrator.Offset);
    }

    private static void Configure(BoostedTreeOptions settings, TabularOptions options)
    {
        settings.FeatureColumnName = MlNetData.Features;
        settings.ExampleWeightColumnName = MlNetData.Weight;
        settings.NumberOfTrees = options.Iterations!.Value;
        settings.LearningRate = options.LearningRate!.Value;
        settings.NumberOfLeaves = options.Leaves!.Value;
        settings.MinimumExampleCountPerLeaf = options.MinimumRowsPerLeaf!.Value;
        settings.NumberOfThreads = options.Threads;
        settings.Seed = options.Seed;
        settings.FeatureSelectionSeed = options.Seed;
        settings.CategoricalSplit = false;
    }

    private static TabularOptions Filled(TabularOptions options, int rows) => options with
    {
        Iterations = options.Iterations ?? LongestSearch,
        LearningRate = options.LearningRate ?? (rows < 20_000 ? 0.05 : 0.1),
        Leaves = options.Leaves ?? (rows < 20_000 ? 6 : 64),
        MinimumRowsPerLeaf = options.MinimumRowsPerLeaf ?? Math.Clamp(rows / 300, 5, 20),
    };
}

/// <summary>ML.NET's trees and how their sum becomes log-odds, or the target: Scale · sum + Offset.</summary>
internal sealed record MarginTrees(RegressionTreeEnsemble Ensemble, double Scale, double Offset);

using Microsoft.ML;
using Microsoft.ML.Trainers.FastTree;

namespace MlSystem.Training.Tabular.MlNet;

/// <summary>ML.NET's own boosted trees.</summary>
internal static class FastTreeFit
{
    public static FittedModel Binary(MLContext context, FeatureMatrix fit, FeatureMatrix? validation, TabularOptions options)
    {
        var settings = new FastTreeBinaryTrainer.Options { LabelColumnName = MlNetData.Flag };
        Configure(settings, options, validation is not null);
        settings.EarlyStoppingMetric = EarlyStoppingMetric.L1Norm;
        var trainer = context.BinaryClassification.Trainers.FastTree(settings);
        var data = MlNetData.View(context, fit, 2);
        var model = validation is null ? trainer.Fit(data) : trainer.Fit(data, MlNetData.View(context, validation, 2));
        var ensemble = model.Model.SubModel.TrainedTreeEnsemble;
        return new FittedModel
        {
            Trees = MlNetTrees.Join([ensemble]),
            Link = new ScoreLink.Logistic(model.Model.Calibrator.Slope, model.Model.Calibrator.Offset),
            Reference = matrix => MlNetData.Binary(context, model, matrix),
            Facts = Facts(ensemble),
        };
    }

    public static FittedModel Regression(MLContext context, FeatureMatrix fit, FeatureMatrix? validation, TabularOptions options, ScoreLink link)
    {
        var settings = new FastTreeRegressionTrainer.Options { LabelColumnName = MlNetData.Target };
        Configure(settings, options, validation is not null);
        settings.EarlyStoppingMetric = EarlyStoppingMetric.L2Norm;
        var trainer = context.Regression.Trainers.FastTree(settings);
        var data = MlNetData.View(context, fit, 1);
        var model = validation is null ? trainer.Fit(data) : trainer.Fit(data, MlNetData.View(context, validation, 1));
        return new FittedModel
        {
            Trees = MlNetTrees.Join([model.Model.TrainedTreeEnsemble]),
            Link = link,
            Reference = matrix => MlNetData.Regression(context, model, matrix),
            Facts = Facts(model.Model.TrainedTreeEnsemble),
        };
    }

    private static void Configure(BoostedTreeOptions settings, TabularOptions options, bool validated)
    {
        settings.FeatureColumnName = MlNetData.Features;
        settings.NumberOfTrees = validated ? options.Iterations : options.IterationsWithoutValidation;
        settings.LearningRate = options.LearningRate;
        settings.NumberOfLeaves = options.Leaves;
        settings.MinimumExampleCountPerLeaf = options.MinimumRowsPerLeaf;
        settings.NumberOfThreads = options.Threads;
        settings.Seed = options.Seed;
        settings.FeatureSelectionSeed = options.Seed;
        settings.CategoricalSplit = false;
        if (validated)
        {
            settings.EarlyStoppingRule = new ConsecutiveGeneralityLossRule(options.EarlyStoppingRounds);
        }
    }

    private static Dictionary<string, string> Facts(RegressionTreeEnsemble ensemble) =>
        new(StringComparer.Ordinal) { ["trees"] = $"{ensemble.Trees.Count}" };
}

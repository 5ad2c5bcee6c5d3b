using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Microsoft.ML;
using Microsoft.ML.Calibrators;
using Microsoft.ML.Trainers;
using Microsoft.ML.Trainers.FastTree;
using Microsoft.ML.Trainers.LightGbm;

namespace MlSystem.Training.Tabular.MlNet;

/// <summary>LightGBM through ML.NET; deterministic, whatever the number of threads.</summary>
internal static class LightGbmFit
{
    public static FittedModel Binary(MLContext context, FeatureMatrix fit, FeatureMatrix? validation, TabularOptions options)
    {
        var settings = Settings<LightGbmBinaryTrainer.Options, float, Microsoft.ML.Data.BinaryPredictionTransformer<CalibratedModelParametersBase<LightGbmBinaryModelParameters, PlattCalibrator>>, CalibratedModelParametersBase<LightGbmBinaryModelParameters, PlattCalibrator>>(options, validation is not null, MlNetData.Flag);
        settings.EvaluationMetric = LightGbmBinaryTrainer.Options.EvaluateMetricType.Logloss;
        settings.Sigmoid = 1;
        var trainer = context.BinaryClassification.Trainers.LightGbm(settings);
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

    public static FittedModel Multiclass(MLContext context, FeatureMatrix fit, FeatureMatrix? validation, TabularOptions options, int classes)
    {
        var settings = Settings<LightGbmMulticlassTrainer.Options, Microsoft.ML.Data.VBuffer<float>, Microsoft.ML.Data.MulticlassPredictionTransformer<OneVersusAllModelParameters>, OneVersusAllModelParameters>(options, validation is not null, MlNetData.Class);
        settings.EvaluationMetric = LightGbmMulticlassTrainer.Options.EvaluateMetricType.LogLoss;
        settings.UseSoftmax = true;
        settings.Sigmoid = 1;
        var trainer = context.MulticlassClassification.Trainers.LightGbm(settings);
        var data = MlNetData.View(context, fit, classes);
        var model = validation is null ? trainer.Fit(data) : trainer.Fit(data, MlNetData.View(context, validation, classes));
        var ensembles = SubModels(model.Model)
            .Select(m => ((CalibratedModelParametersBase<LightGbmBinaryModelParameters, PlattCalibrator>)m).SubModel.TrainedTreeEnsemble).ToList();
        return new FittedModel
        {
            Trees = MlNetTrees.Join(ensembles),
            Link = new ScoreLink.Softmax(),
            Reference = matrix => MlNetData.Multiclass(context, model, matrix, classes),
            Facts = Facts([.. ensembles]),
        };
    }

    public static FittedModel Regression(MLContext context, FeatureMatrix fit, FeatureMatrix? validation, TabularOptions options, ScoreLink link)
    {
        var settings = Settings<LightGbmRegressionTrainer.Options, float, Microsoft.ML.Data.RegressionPredictionTransformer<LightGbmRegressionModelParameters>, LightGbmRegressionModelParameters>(options, validation is not null, MlNetData.Target);
        settings.EvaluationMetric = LightGbmRegressionTrainer.Options.EvaluateMetricType.RootMeanSquaredError;
        var trainer = context.Regression.Trainers.LightGbm(settings);
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

    private static TOptions Settings<TOptions, TOutput, TTransformer, TModel>(TabularOptions options, bool validated, string label)
        where TOptions : LightGbmTrainerBase<TOptions, TOutput, TTransformer, TModel>.OptionsBase, new()
        where TTransformer : ISingleFeaturePredictionTransformer<TModel>
        where TModel : class => new()
        {
            LabelColumnName = label,
            FeatureColumnName = MlNetData.Features,
            NumberOfIterations = validated ? options.Iterations : options.IterationsWithoutValidation,
            EarlyStoppingRound = validated ? options.EarlyStoppingRounds : 0,
            LearningRate = options.LearningRate,
            NumberOfLeaves = options.Leaves,
            MinimumExampleCountPerLeaf = options.MinimumRowsPerLeaf,
            UseCategoricalSplit = false,
            NumberOfThreads = options.Threads,
            Seed = options.Seed,
            Deterministic = true,
            // Otherwise LightGBM times both ways of building histograms and takes the faster: not reproducible.
            ForceColumnWise = true,
            Booster = new GradientBooster.Options
            {
                FeatureFraction = options.FeatureShare,
                SubsampleFraction = options.RowShare,
                SubsampleFrequency = options.RowShare < 1 ? 1 : 0,
                L2Regularization = options.L2,
            },
        };

    private static Dictionary<string, string> Facts(params RegressionTreeEnsemble[] ensembles) =>
        new(StringComparer.Ordinal) { ["trees"] = $"{ensembles.Sum(e => e.Trees.Count)}" };

    // ML.NET keeps the classes' models internal; there is no public way to their trees.
    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_SubModelParameters")]
    private static extern ImmutableArray<object> SubModels(OneVersusAllModelParameters model);
}

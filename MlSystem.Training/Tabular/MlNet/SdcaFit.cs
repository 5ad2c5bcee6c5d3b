using Microsoft.ML;
using Microsoft.ML.Trainers;
using MlSystem.Onnx;
using MlSystem.Training.Tabular.Features;
using MlSystem.Training.Tabular.Linear;
using MlSystem.Training.Tabular.Selection;

namespace MlSystem.Training.Tabular.MlNet;

/// <summary>ML.NET's stochastic dual coordinate ascent, on one thread: several would make the result depend on their timing.</summary>
internal static class SdcaFit
{
    public static FittedModel Fit(TrainingSet set, TabularOptions options)
    {
        var context = new MLContext(options.Seed);
        var data = MlNetData.View(context, set);
        var l2 = (float)Math.Max((options.L2 ?? 1) / set.Rows, 1e-7); // the penalty is for the mean loss
        var model = set.Targets.Classes switch
        {
            0 => Regression(context, data, l2),
            2 => Binary(context, data, l2),
            _ => Multiclass(context, data, l2),
        };
        return new FittedModel
        {
            Linear = model,
            Link = LearnerLinks.Of(set.Targets),
            Scores = features => LinearLearner.Scores(model, features),
            Facts = new Dictionary<string, string>(StringComparer.Ordinal) { ["linear_solver"] = "sdca" },
        };
    }

    private static LinearModel Regression(MLContext context, IDataView data, float l2)
    {
        var model = context.Regression.Trainers.Sdca(Configure(new SdcaRegressionTrainer.Options { LabelColumnName = MlNetData.Target, NumberOfThreads = 1, L2Regularization = l2 })).Fit(data).Model;
        return Single(model.Weights, model.Bias);
    }

    private static LinearModel Binary(MLContext context, IDataView data, float l2)
    {
        var model = context.BinaryClassification.Trainers.SdcaLogisticRegression(Configure(new SdcaLogisticRegressionBinaryTrainer.Options { LabelColumnName = MlNetData.Flag, NumberOfThreads = 1, L2Regularization = l2 })).Fit(data).Model.SubModel;
        return Single(model.Weights, model.Bias);
    }

    private static LinearModel Multiclass(MLContext context, IDataView data, float l2)
    {
        var model = context.MulticlassClassification.Trainers.SdcaMaximumEntropy(Configure(new SdcaMaximumEntropyMulticlassTrainer.Options { LabelColumnName = MlNetData.Class, NumberOfThreads = 1, L2Regularization = l2 })).Fit(data).Model;
        Microsoft.ML.Data.VBuffer<float>[]? weights = null;
        model.GetWeights(ref weights, out _);
        return new LinearModel
        {
            Coefficients = [.. weights!.Select(w => w.DenseValues().Select(v => (double)v).ToArray())],
            Intercepts = [.. model.GetBiases().Select(b => (double)b)],
        };
    }

    private static T Configure<T>(T options)
        where T : TrainerInputBaseWithWeight
    {
        options.FeatureColumnName = MlNetData.Features;
        options.ExampleWeightColumnName = MlNetData.Weight;
        return options;
    }

    private static LinearModel Single(IReadOnlyList<float> weights, float bias) =>
        new() { Coefficients = [[.. weights.Select(w => (double)w)]], Intercepts = [bias] };
}

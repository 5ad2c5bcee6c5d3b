using Microsoft.ML;
using Microsoft.ML.Calibrators;
using Microsoft.ML.Data;
using Microsoft.ML.Trainers;
using MlSystem.Onnx;

namespace MlSystem.Training.Tabular.MlNet;

/// <summary>ML.NET's linear models, on standardised features and one thread: several would make the result depend on their timing.</summary>
internal static class LinearFit
{
    public static FittedModel Binary(MLContext context, FeatureMatrix fit, TabularOptions options)
    {
        IEstimator<BinaryPredictionTransformer<CalibratedModelParametersBase<LinearBinaryModelParameters, PlattCalibrator>>> trainer = options.LinearSolver == LinearSolver.Sdca
            ? context.BinaryClassification.Trainers.SdcaLogisticRegression(new SdcaLogisticRegressionBinaryTrainer.Options
            {
                LabelColumnName = MlNetData.Flag,
                FeatureColumnName = MlNetData.Features,
                NumberOfThreads = 1,
                L2Regularization = Share(options, fit),
            })
            : context.BinaryClassification.Trainers.LbfgsLogisticRegression(new LbfgsLogisticRegressionBinaryTrainer.Options
            {
                LabelColumnName = MlNetData.Flag,
                FeatureColumnName = MlNetData.Features,
                NumberOfThreads = 1,
                L1Regularization = 0,
                L2Regularization = (float)options.L2,
            });
        var model = trainer.Fit(MlNetData.View(context, fit, 2));
        return new FittedModel
        {
            Linear = Single(model.Model.SubModel.Weights, model.Model.SubModel.Bias),
            Link = new ScoreLink.Logistic(model.Model.Calibrator.Slope, model.Model.Calibrator.Offset),
            Reference = matrix => MlNetData.Binary(context, model, matrix),
            Facts = Facts(options.LinearSolver == LinearSolver.Sdca ? "sdca" : "lbfgs"),
        };
    }

    public static FittedModel Multiclass(MLContext context, FeatureMatrix fit, TabularOptions options, int classes)
    {
        var model = context.MulticlassClassification.Trainers.LbfgsMaximumEntropy(new LbfgsMaximumEntropyMulticlassTrainer.Options
        {
            LabelColumnName = MlNetData.Class,
            FeatureColumnName = MlNetData.Features,
            NumberOfThreads = 1,
            L1Regularization = 0,
            L2Regularization = (float)options.L2,
        }).Fit(MlNetData.View(context, fit, classes));
        VBuffer<float>[]? weights = null;
        model.Model.GetWeights(ref weights, out _);
        return new FittedModel
        {
            Linear = new LinearModel
            {
                Coefficients = [.. weights!.Select(w => w.DenseValues().Select(v => (double)v).ToArray())],
                Intercepts = [.. model.Model.GetBiases().Select(b => (double)b)],
            },
            Link = new ScoreLink.Softmax(),
            Reference = matrix => MlNetData.Multiclass(context, model, matrix, classes),
            Facts = Facts("lbfgs"),
        };
    }

    public static FittedModel Regression(MLContext context, FeatureMatrix fit, TabularOptions options, ScoreLink link)
    {
        var model = context.Regression.Trainers.Sdca(new SdcaRegressionTrainer.Options
        {
            LabelColumnName = MlNetData.Target,
            FeatureColumnName = MlNetData.Features,
            NumberOfThreads = 1,
            L2Regularization = Share(options, fit),
        }).Fit(MlNetData.View(context, fit, 1));
        return new FittedModel
        {
            Linear = Single(model.Model.Weights, model.Model.Bias),
            Link = link,
            Reference = matrix => MlNetData.Regression(context, model, matrix),
            Facts = Facts("sdca"),
        };
    }

    /// <summary>SDCA's penalty is for the mean loss, L-BFGS's for the sum.</summary>
    private static float Share(TabularOptions options, FeatureMatrix fit) => (float)Math.Max(options.L2 / fit.Rows, 1e-7);

    private static LinearModel Single(IReadOnlyList<float> weights, float bias) =>
        new() { Coefficients = [[.. weights.Select(w => (double)w)]], Intercepts = [bias] };

    private static Dictionary<string, string> Facts(string solver) => new(StringComparer.Ordinal) { ["linear_solver"] = solver };
}

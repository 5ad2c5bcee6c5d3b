using System.Text.Json;
using System.Text.Json.Serialization;
using MlSystem.Contracts;
using MlSystem.Training.Tabular;

namespace MlSystem.Training.Evaluation.Plots;

/// <summary>What is shown of held-out rows beside the metrics: plots as SVG, and the confusion matrix as JSON.</summary>
internal static class EvaluationFiles
{
    public const string Roc = "roc.svg";
    public const string PrecisionRecall = "precision_recall.svg";
    public const string Calibration = "calibration.svg";
    public const string ConfusionPlot = "confusion.svg";
    public const string Confusion = "confusion.json";
    public const string Residuals = "residuals.svg";

    /// <summary>Matrices of more classes are written as JSON only: nothing could be read in the picture.</summary>
    private const int MostPlottedClasses = 40;

    /// <param name="frame">Rows with labels that the model knows.</param>
    public static IReadOnlyDictionary<string, byte[]> Of(TabularFrame frame, TabularPredictions predictions)
    {
        if (frame.Schema.Task == ModelTask.Regression)
        {
            return new Dictionary<string, byte[]> { [Residuals] = ResidualPlot.Of(frame.Targets!, predictions.Values) };
        }

        var actual = TabularLabels.Positions(frame, predictions.Classes);
        var matrix = ConfusionMatrix.Of(actual, predictions.LabelPositions(), predictions.Classes);
        Dictionary<string, byte[]> files = new(StringComparer.Ordinal) { [Confusion] = JsonSerializer.SerializeToUtf8Bytes(matrix, EvaluationJson.Default.ConfusionMatrix) };
        if (predictions.Classes.Count <= MostPlottedClasses)
        {
            files[ConfusionPlot] = ConfusionPlots.Of(matrix);
        }

        if (frame.Schema.Task == ModelTask.BinaryClassification)
        {
            bool[] positive = [.. actual.Select(a => a == 1)];
            var scores = predictions.ProbabilityOf(1);
            files[Calibration] = CalibrationPlot.Of(CalibrationBins.Of(positive, scores), predictions.Classes[1]);
            if (positive.Distinct().Count() == 2)
            {
                var curve = ThresholdCurve.Of(positive, scores);
                files[Roc] = CurvePlots.Roc(curve, predictions.Classes[1]);
                files[PrecisionRecall] = CurvePlots.PrecisionRecall(curve, predictions.Classes[1]);
            }
        }

        return files;
    }
}

/// <summary>JSON of the confusion matrix: snake_case.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ConfusionMatrix))]
internal sealed partial class EvaluationJson : JsonSerializerContext;

using MlSystem.Training.Tabular.MlNet;

namespace MlSystem.Training.Tabular;

/// <summary>The written graph and the trained model disagree: a defect of the exporter, never of the data.</summary>
public sealed class ModelParityException(string message) : Exception(message);

/// <summary>Holds the graph's predictions against ML.NET's own on the same rows.</summary>
internal static class ModelParity
{
    /// <summary>|Δ| ≤ Tolerance · max(1, |f|).</summary>
    public const double Tolerance = 1e-5;

    public static void Check(TabularModel model, TrainedTabular trained, TabularFrame rows)
    {
        var predictions = model.Predict(rows);
        var (expected, actual) = Pairs(trained, rows, predictions);
        for (var i = 0; i < expected.Count; i++)
        {
            if (!(Math.Abs(expected[i] - actual[i]) <= Tolerance * Math.Max(1, Math.Abs(expected[i]))))
            {
                throw new ModelParityException($"The graph predicts {actual[i]:R} where the trained model predicts {expected[i]:R} (value {i}).");
            }
        }
    }

    private static (IReadOnlyList<double> Expected, IReadOnlyList<float> Actual) Pairs(TrainedTabular trained, TabularFrame rows, TabularPredictions predictions)
    {
        var features = trained.Preprocessor.Transform(rows);
        var reference = trained.Model.Reference(new FeatureMatrix(features, trained.Preprocessor.Features));
        return trained.Model.Link switch
        {
            ScoreLink.Logistic => ([.. reference.Probabilities.Select(p => (double)p)], predictions.ProbabilityOf(1)),
            ScoreLink.Affine affine => ([.. reference.Scores.Select(s => (double)(float)(affine.Mean + (affine.Deviation * s)))], predictions.Values),
            _ => ([.. reference.Probabilities.Select(p => (double)p)], predictions.Probabilities),
        };
    }
}

using MlSystem.Training.Tabular.Outputs;

namespace MlSystem.Training.Tabular;

/// <summary>The written graph and the trained model disagree: a defect of the exporter, never of the data.</summary>
public sealed class ModelParityException(string message) : Exception(message);

/// <summary>Holds the graph's predictions against the trainer's own on the same rows.</summary>
internal static class ModelParity
{
    /// <summary>|Δ| ≤ Tolerance · max(1, |f|).</summary>
    public const double Tolerance = 1e-5;

    public static void Check(TabularModel model, TrainedTabular trained, TabularFrame rows)
    {
        var predictions = model.Predict(rows);
        var expected = Expected(trained, rows);
        var actual = trained.Classes.Count == 0 ? predictions.Values : predictions.Probabilities;
        for (var i = 0; i < expected.Length; i++)
        {
            var wide = Math.Max(1, Math.Abs(expected[i])) * Spread(trained.Stage.Link);
            if (!(Math.Abs(expected[i] - actual[i]) <= Tolerance * wide) && expected[i] != actual[i])
            {
                throw new ModelParityException($"The graph predicts {actual[i]:R} where the trained model predicts {expected[i]:R} (value {i}).");
            }
        }
    }

    internal static double[] Expected(TrainedTabular trained, TabularFrame rows)
    {
        var scores = trained.Model.Scores(trained.Preprocessor.Transform(rows));
        return trained.Classes.Count == 0
            ? Array.ConvertAll(trained.Stage.Values(scores), v => (double)(float)v)
            : trained.Stage.Probabilities(scores, trained.Classes.Count);
    }

    /// <summary>How many times the relative error of a score grows in a prediction: a logarithm's inverse multiplies it by the score's size.</summary>
    private static double Spread(ScoreLink link) => link is ScoreLink.Affine { Log: true } affine ? Math.Max(1, Math.Abs(affine.Mean) + (10 * affine.Deviation)) : 1;
}

using System.Globalization;
using MlSystem.Training.Tabular;

namespace MlSystem.Training.Evaluation;

/// <summary>The loss of each single row, on which paired tests compare models: log-loss in nats, or the squared error.</summary>
internal static class RowLosses
{
    /// <summary>Probabilities are kept this far from 0 and 1, so that one row cannot have infinite loss.</summary>
    private const double Epsilon = 1e-7;

    /// <exception cref="ScoringException">A label is not among the model's classes.</exception>
    public static double[] Of(TabularPredictions scored, IReadOnlyList<string> labels)
    {
        if (scored.Classes.Count == 0)
        {
            return [.. labels.Select((label, row) => Math.Pow(double.Parse(label, CultureInfo.InvariantCulture) - scored.Values[row], 2))];
        }

        var positions = scored.Classes.Index().ToDictionary(c => c.Item, c => c.Index, StringComparer.Ordinal);
        return [.. labels.Select((label, row) => positions.TryGetValue(label, out var position)
            ? -Math.Log(Math.Clamp(scored.Probabilities[(row * scored.Classes.Count) + position], Epsilon, 1 - Epsilon))
            : throw new ScoringException($"The model does not know class '{label}'."))];
    }
}

namespace MlSystem.Training.Tabular;

/// <summary>How good labels and probabilities are. Classes are positions, from 0.</summary>
public static class ClassificationMetrics
{
    /// <summary>Probabilities are kept this far from 0 in the log loss, so that one certain mistake costs 34.5 and not infinity.</summary>
    public const double SmallestProbability = 1e-15;

    /// <summary>Mean of -ln P(true class), in nats; 0 is perfect.</summary>
    /// <param name="probabilities">Row-major, rows × classes.</param>
    public static double LogLoss(IReadOnlyList<int> actual, IReadOnlyList<float> probabilities, int classes)
    {
        MetricInput.SameLength(actual.Count * classes, probabilities.Count);
        return actual.Select((label, row) => -Math.Log(Math.Clamp(probabilities[(row * classes) + label], SmallestProbability, 1))).Average();
    }

    /// <summary>Mean of (P(positive) - outcome)²; 0 is perfect, 1 the worst.</summary>
    public static double Brier(IReadOnlyList<bool> positive, IReadOnlyList<float> probabilities)
    {
        MetricInput.SameLength(positive.Count, probabilities.Count);
        return positive.Select((p, row) => Math.Pow(probabilities[row] - (p ? 1 : 0), 2)).Average();
    }

    /// <summary>Mean over the rows of Σ over the classes (P(class) - outcome)²; 0 is perfect, 2 the worst (Brier 1950).</summary>
    public static double MulticlassBrier(IReadOnlyList<int> actual, IReadOnlyList<float> probabilities, int classes)
    {
        MetricInput.SameLength(actual.Count * classes, probabilities.Count);
        return actual.Select((label, row) => Enumerable.Range(0, classes).Sum(c => Math.Pow(probabilities[(row * classes) + c] - (c == label ? 1 : 0), 2))).Average();
    }

    /// <summary>Share of rows with the right label.</summary>
    public static double Accuracy(IReadOnlyList<int> actual, IReadOnlyList<int> predicted)
    {
        MetricInput.SameLength(actual.Count, predicted.Count);
        return actual.Zip(predicted).Average(p => p.First == p.Second ? 1.0 : 0.0);
    }

    /// <summary>Share of the rows predicted as the class that are of it; 0 when none is.</summary>
    public static double Precision(IReadOnlyList<int> actual, IReadOnlyList<int> predicted, int ofClass)
    {
        var (hits, _, predictions) = Count(actual, predicted, ofClass);
        return predictions == 0 ? 0 : (double)hits / predictions;
    }

    /// <summary>Share of the class's rows that are predicted as it; 0 when there are none.</summary>
    public static double Recall(IReadOnlyList<int> actual, IReadOnlyList<int> predicted, int ofClass)
    {
        var (hits, actuals, _) = Count(actual, predicted, ofClass);
        return actuals == 0 ? 0 : (double)hits / actuals;
    }

    /// <summary>Harmonic mean of precision and recall; 0 when the class neither occurs nor is predicted.</summary>
    public static double F1(IReadOnlyList<int> actual, IReadOnlyList<int> predicted, int ofClass)
    {
        var (hits, actuals, predictions) = Count(actual, predicted, ofClass);
        return actuals + predictions == 0 ? 0 : 2.0 * hits / (actuals + predictions);
    }

    /// <summary>Mean of the classes' F1 over those that occur or are predicted.</summary>
    public static double MacroF1(IReadOnlyList<int> actual, IReadOnlyList<int> predicted, int classes) => Macro(F1, actual, predicted, classes);

    /// <summary>Mean of a metric of single classes over those that occur or are predicted.</summary>
    public static double Macro(Func<IReadOnlyList<int>, IReadOnlyList<int>, int, double> metric, IReadOnlyList<int> actual, IReadOnlyList<int> predicted, int classes) =>
        Enumerable.Range(0, classes).Where(c => actual.Contains(c) || predicted.Contains(c)).Average(c => metric(actual, predicted, c));

    /// <summary>Mean of the classes' F1, each weighted by its rows.</summary>
    public static double WeightedF1(IReadOnlyList<int> actual, IReadOnlyList<int> predicted, int classes) =>
        Enumerable.Range(0, classes).Sum(c => F1(actual, predicted, c) * actual.Count(a => a == c)) / actual.Count;

    private static (int Hits, int Actuals, int Predictions) Count(IReadOnlyList<int> actual, IReadOnlyList<int> predicted, int ofClass)
    {
        MetricInput.SameLength(actual.Count, predicted.Count);
        return (actual.Zip(predicted).Count(p => p.First == ofClass && p.Second == ofClass), actual.Count(a => a == ofClass), predicted.Count(p => p == ofClass));
    }
}

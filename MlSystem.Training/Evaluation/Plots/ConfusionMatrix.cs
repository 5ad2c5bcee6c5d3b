using MlSystem.Training.Tabular;

namespace MlSystem.Training.Evaluation.Plots;

/// <summary>How often each class was taken for each.</summary>
/// <param name="Classes">In the model's order.</param>
/// <param name="Counts">Rows by actual class, then by predicted class.</param>
/// <param name="PerClass">One for each class.</param>
internal sealed record ConfusionMatrix(IReadOnlyList<string> Classes, IReadOnlyList<IReadOnlyList<int>> Counts, IReadOnlyList<ClassScores> PerClass)
{
    /// <param name="actual">Positions of the classes.</param>
    public static ConfusionMatrix Of(IReadOnlyList<int> actual, IReadOnlyList<int> predicted, IReadOnlyList<string> classes)
    {
        var counts = classes.Select(_ => new int[classes.Count]).ToArray();
        foreach (var (truth, said) in actual.Zip(predicted))
        {
            counts[truth][said]++;
        }

        return new ConfusionMatrix(
            classes, counts,
            [
                .. classes.Select((name, c) => new ClassScores(
                    name, ClassificationMetrics.Precision(actual, predicted, c), ClassificationMetrics.Recall(actual, predicted, c), ClassificationMetrics.F1(actual, predicted, c), counts[c].Sum())),
            ]);
    }
}

/// <summary>How well one class is recognised.</summary>
/// <param name="Precision">0 to 1; 0 when the class was never predicted.</param>
/// <param name="Recall">0 to 1; 0 when no row is of it.</param>
/// <param name="Support">Rows of the class.</param>
internal sealed record ClassScores(string Class, double Precision, double Recall, double F1, int Support);

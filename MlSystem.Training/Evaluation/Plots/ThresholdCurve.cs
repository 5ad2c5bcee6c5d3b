using System.Runtime.InteropServices;

namespace MlSystem.Training.Evaluation.Plots;

/// <summary>How many positives and negatives score at least as much as a threshold.</summary>
/// <param name="Hits">Positives among them.</param>
/// <param name="FalseAlarms">Negatives among them.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct ThresholdPoint(double Threshold, long Hits, long FalseAlarms);

/// <summary>The points of ROC and precision-recall curves, from the greatest score down; rows of one score enter together.</summary>
internal sealed record ThresholdCurve(IReadOnlyList<ThresholdPoint> Points, long Positives, long Negatives)
{
    /// <summary>Points that a picture can show.</summary>
    private const int MostPoints = 400;

    /// <param name="positive">At least one of each kind.</param>
    public static ThresholdCurve Of(IReadOnlyList<bool> positive, IReadOnlyList<float> scores)
    {
        List<ThresholdPoint> points = [new(double.PositiveInfinity, 0, 0)];
        var (hits, falseAlarms) = (0L, 0L);
        foreach (var tied in Enumerable.Range(0, scores.Count).OrderByDescending(i => scores[i]).GroupBy(i => scores[i]))
        {
            var more = tied.Count(i => positive[i]);
            (hits, falseAlarms) = (hits + more, falseAlarms + tied.Count() - more);
            points.Add(new(tied.Key, hits, falseAlarms));
        }

        return new ThresholdCurve(Thinned(points), hits, falseAlarms);
    }

    /// <summary>Evenly chosen points, the first and the last among them.</summary>
    private static List<ThresholdPoint> Thinned(List<ThresholdPoint> points) => points.Count <= MostPoints
        ? points
        : [.. Enumerable.Range(0, MostPoints).Select(i => points[(int)((long)i * (points.Count - 1) / (MostPoints - 1))])];
}

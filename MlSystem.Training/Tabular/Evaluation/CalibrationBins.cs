using System.Runtime.InteropServices;

namespace MlSystem.Training.Tabular;

/// <summary>Rows of about the same confidence.</summary>
/// <param name="MeanConfidence">Mean predicted probability, 0 to 1.</param>
/// <param name="HitShare">Share of the rows for which the outcome came, 0 to 1.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct CalibrationBin(int Rows, double MeanConfidence, double HitShare);

/// <summary>
/// Expected calibration error (Naeini, Cooper and Hauskrecht 2015; Guo et al. 2017): rows are put into bins of equal width by their probability,
/// and the error is the mean distance of a bin's mean probability from the share of outcomes in it, weighted by rows.
/// </summary>
public static class CalibrationBins
{
    public const int Count = 15;

    /// <returns>The bins that have rows, by ascending probability.</returns>
    public static IReadOnlyList<CalibrationBin> Of(IReadOnlyList<bool> outcome, IReadOnlyList<float> probabilities)
    {
        MetricInput.SameLength(outcome.Count, probabilities.Count);
        var rows = new int[Count];
        var (sums, hits) = (new double[Count], new int[Count]);
        for (var row = 0; row < outcome.Count; row++)
        {
            var bin = Math.Clamp((int)(probabilities[row] * Count), 0, Count - 1);
            rows[bin]++;
            sums[bin] += probabilities[row];
            hits[bin] += outcome[row] ? 1 : 0;
        }

        return [.. Enumerable.Range(0, Count).Where(b => rows[b] > 0).Select(b => new CalibrationBin(rows[b], sums[b] / rows[b], (double)hits[b] / rows[b]))];
    }

    /// <summary>0 is perfect, 1 the worst.</summary>
    public static double Error(IReadOnlyList<bool> outcome, IReadOnlyList<float> probabilities) =>
        Of(outcome, probabilities).Sum(b => b.Rows * Math.Abs(b.MeanConfidence - b.HitShare)) / outcome.Count;

    /// <summary>The error of the likeliest class's probability, the outcome being that it is the right one.</summary>
    /// <param name="probabilities">Row-major, rows × classes.</param>
    public static double TopClassError(IReadOnlyList<int> actual, IReadOnlyList<float> probabilities, int classes)
    {
        MetricInput.SameLength(actual.Count * classes, probabilities.Count);
        var likeliest = Enumerable.Range(0, actual.Count).Select(row => Enumerable.Range(0, classes).MaxBy(c => probabilities[(row * classes) + c])).ToArray();
        return Error([.. actual.Zip(likeliest, (a, l) => a == l)], [.. likeliest.Select((l, row) => probabilities[(row * classes) + l])]);
    }
}

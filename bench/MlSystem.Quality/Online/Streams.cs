using MlSystem.Training.Learners.Models;

namespace MlSystem.Quality.Online;

/// <summary>The streams SEA and FLIP: 100,000 rows of three numbers in [0, 10), the third without meaning; a tenth of the labels is flipped.</summary>
internal static class Streams
{
    public const int Rows = 100_000;
    private const int Quarter = Rows / 4;
    private const double Noise = 0.1;
    private static readonly double[] Thresholds = [8, 9, 7, 9.5];

    /// <summary>The threshold changes with every quarter.</summary>
    public static IEnumerable<(double[] X, bool Label)> Sea(ulong seed) => Draw(seed, (row, sum) => sum <= Thresholds[row / Quarter]);

    /// <summary>The concept is turned round in the second and the fourth quarter.</summary>
    public static IEnumerable<(double[] X, bool Label)> Flip(ulong seed) => Draw(seed, (row, sum) => sum <= Thresholds[0] == (row / Quarter % 2 == 0));

    private static IEnumerable<(double[] X, bool Label)> Draw(ulong seed, Func<int, double, bool> concept)
    {
        var random = new SplitMix64(seed);
        for (var row = 0; row < Rows; row++)
        {
            double[] x = [10 * random.NextUnit(), 10 * random.NextUnit(), 10 * random.NextUnit()];
            yield return (x, concept(row, x[0] + x[1]) != random.NextUnit() < Noise);
        }
    }
}

namespace MlSystem.Training.Tabular.Outputs;

/// <summary>Learns calibrators from held-out probabilities and outcomes.</summary>
internal static class Calibration
{
    private const int NewtonSteps = 100;

    /// <summary>Most knots of an isotonic map.</summary>
    private const int MaximumKnots = 64;

    public static Calibrator Fit(string method, double[] probabilities, bool[] positive) =>
        method == CalibrationMethod.Platt ? Platt(probabilities, positive) : Isotonic(probabilities, positive);

    /// <summary>Newton's method on the log-loss, with Platt's smoothed targets and the step halved until the loss falls (Lin, Lin and Weng 2007).</summary>
    public static Calibrator.Platt Platt(double[] probabilities, bool[] positive)
    {
        double positives = positive.Count(p => p), negatives = positive.Length - positives;
        var high = (positives + 1) / (positives + 2);
        var low = 1 / (negatives + 2);
        var x = Array.ConvertAll(probabilities, Logits.Of);
        var t = Array.ConvertAll(positive, p => p ? high : low);
        double a = 1, b = 0, loss = Loss(x, t, a, b);
        for (var step = 0; step < NewtonSteps; step++)
        {
            var (da, db) = NewtonStep(x, t, a, b);
            var size = 1.0;
            while (size > 1e-10 && Loss(x, t, a + (size * da), b + (size * db)) > loss)
            {
                size /= 2;
            }

            (a, b) = (a + (size * da), b + (size * db));
            var next = Loss(x, t, a, b);
            if (loss - next < 1e-12)
            {
                break;
            }

            loss = next;
        }

        return new Calibrator.Platt(a, b);
    }

    /// <summary>Pool-adjacent-violators, then a line from the middle of each block to the next; ends are kept from 0 and 1 by one row's worth.</summary>
    public static Calibrator.Isotonic Isotonic(double[] probabilities, bool[] positive)
    {
        var blocks = new List<(double X, double Y, double Weight)>();
        foreach (var row in Enumerable.Range(0, positive.Length).OrderBy(i => probabilities[i]).ThenBy(i => i))
        {
            (double X, double Y, double Weight) block = (probabilities[row], positive[row] ? 1 : 0, 1);
            while (blocks.Count > 0 && (blocks[^1].Y >= block.Y || blocks[^1].X >= block.X))
            {
                block = Merge(blocks[^1], block);
                blocks.RemoveAt(blocks.Count - 1);
            }

            blocks.Add(block);
        }

        while (blocks.Count > MaximumKnots)
        {
            blocks = [.. blocks.Chunk(2).Select(pair => pair.Aggregate(Merge))];
        }

        var edge = 1.0 / (positive.Length + 2);
        return new Calibrator.Isotonic([.. blocks.Select(b => b.X)], [.. blocks.Select(b => Math.Clamp(b.Y, edge, 1 - edge))]);
    }

    private static (double X, double Y, double Weight) Merge((double X, double Y, double Weight) a, (double X, double Y, double Weight) b)
    {
        var weight = a.Weight + b.Weight;
        return (((a.X * a.Weight) + (b.X * b.Weight)) / weight, ((a.Y * a.Weight) + (b.Y * b.Weight)) / weight, weight);
    }

    private static double Loss(double[] x, double[] t, double a, double b)
    {
        var sum = 0.0;
        for (var i = 0; i < x.Length; i++)
        {
            var z = (a * x[i]) + b;
            sum += Math.Max(z, 0) + Math.Log(1 + Math.Exp(-Math.Abs(z))) - (t[i] * z);
        }

        return sum;
    }

    private static (double A, double B) NewtonStep(double[] x, double[] t, double a, double b)
    {
        double ga = 0, gb = 0, haa = 1e-9, hab = 0, hbb = 1e-9;
        for (var i = 0; i < x.Length; i++)
        {
            var p = Logits.Probability((a * x[i]) + b);
            var (d, w) = (p - t[i], p * (1 - p));
            ga += d * x[i];
            gb += d;
            haa += w * x[i] * x[i];
            hab += w * x[i];
            hbb += w;
        }

        var determinant = (haa * hbb) - (hab * hab);
        return (((hab * gb) - (hbb * ga)) / determinant, ((hab * ga) - (haa * gb)) / determinant);
    }
}

using System.Numerics.Tensors;

namespace MlSystem.Training.Tabular.Linear;

/// <summary>Limited-memory BFGS (Liu and Nocedal 1989) with a backtracking Armijo search.</summary>
internal static class Lbfgs
{
    private const int Memory = 10;

    /// <summary>Minimises in place; gives the steps taken.</summary>
    /// <param name="evaluate">Value at a point; fills the gradient.</param>
    /// <param name="tolerance">Ends when a step lowers the value by less than this share of it.</param>
    /// <exception cref="DivergedException">The value or the gradient is not finite.</exception>
    public static int Minimise(Func<double[], double[], double> evaluate, double[] point, int steps, double tolerance, Action<int>? step = null)
    {
        var gradient = new double[point.Length];
        var value = Finite(evaluate(point, gradient), gradient, 0);
        var pairs = new List<(double[] Move, double[] Change, double Product)>();
        for (var taken = 0; taken < steps; taken++)
        {
            step?.Invoke(taken);
            var direction = Direction(gradient, pairs);
            var slope = TensorPrimitives.Dot<double>(direction, gradient);
            if (slope > -1e-14 * Math.Max(1, Math.Abs(value)))
            {
                return taken;
            }

            var next = new double[point.Length];
            var nextGradient = new double[point.Length];
            var size = pairs.Count == 0 ? Math.Min(1, 1 / TensorPrimitives.Norm<double>(gradient)) : 1.0;
            var nextValue = Search(evaluate, point, direction, slope, value, ref size, next, nextGradient);
            if (double.IsNaN(nextValue))
            {
                return taken;
            }

            Finite(nextValue, nextGradient, taken + 1);
            Remember(pairs, point, next, gradient, nextGradient);
            next.CopyTo(point, 0);
            gradient = nextGradient;
            var gained = value - nextValue;
            value = nextValue;
            if (gained <= tolerance * Math.Max(1e-12, Math.Abs(value)))
            {
                return taken + 1;
            }
        }

        return steps;
    }

    /// <summary>Halves the step until the value falls enough; NaN when no step does.</summary>
    private static double Search(Func<double[], double[], double> evaluate, double[] point, double[] direction, double slope, double value, ref double size, double[] next, double[] gradient)
    {
        for (; size > 1e-12; size /= 2)
        {
            TensorPrimitives.MultiplyAdd(direction, size, point, next);
            var found = evaluate(next, gradient);
            if (found <= value + (1e-4 * size * slope))
            {
                return found;
            }
        }

        return double.NaN;
    }

    private static void Remember(List<(double[] Move, double[] Change, double Product)> pairs, double[] point, double[] next, double[] gradient, double[] nextGradient)
    {
        double[] move = new double[point.Length], change = new double[point.Length];
        TensorPrimitives.Subtract<double>(next, point, move);
        TensorPrimitives.Subtract<double>(nextGradient, gradient, change);
        var product = TensorPrimitives.Dot<double>(move, change);
        if (product > 1e-300)
        {
            pairs.Add((move, change, product));
        }

        if (pairs.Count > Memory)
        {
            pairs.RemoveAt(0);
        }
    }

    /// <summary>The two-loop recursion.</summary>
    private static double[] Direction(double[] gradient, List<(double[] Move, double[] Change, double Product)> pairs)
    {
        var direction = (double[])gradient.Clone();
        var shares = new double[pairs.Count];
        for (var i = pairs.Count - 1; i >= 0; i--)
        {
            shares[i] = TensorPrimitives.Dot<double>(pairs[i].Move, direction) / pairs[i].Product;
            TensorPrimitives.MultiplyAdd(pairs[i].Change, -shares[i], direction, direction);
        }

        if (pairs.Count > 0)
        {
            var (_, change, product) = pairs[^1];
            TensorPrimitives.Multiply(direction, product / TensorPrimitives.Dot<double>(change, change), direction);
        }

        for (var i = 0; i < pairs.Count; i++)
        {
            var share = TensorPrimitives.Dot<double>(pairs[i].Change, direction) / pairs[i].Product;
            TensorPrimitives.MultiplyAdd(pairs[i].Move, shares[i] - share, direction, direction);
        }

        TensorPrimitives.Negate<double>(direction, direction);
        return direction;
    }

    private static double Finite(double value, double[] gradient, int step)
    {
        if (double.IsFinite(value) && Array.TrueForAll(gradient, double.IsFinite))
        {
            return value;
        }

        throw new DivergedException(step, Array.FindIndex(gradient, g => !double.IsFinite(g)));
    }
}

/// <summary>A loss or gradient became infinite or no number.</summary>
/// <param name="step">The step or round, from 0.</param>
/// <param name="parameter">The first parameter whose gradient is not finite; -1: only the loss.</param>
internal sealed class DivergedException(int step, int parameter) : Exception($"The loss or its gradient is not finite after {step} steps.")
{
    public int Step => step;

    public int Parameter => parameter;
}

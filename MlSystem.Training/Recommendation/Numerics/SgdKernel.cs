using System.Numerics;

namespace MlSystem.Training.Recommendation.Numerics;

/// <summary>The inner loops of stochastic gradient descent on factors.</summary>
internal static class SgdKernel
{
    /// <summary>(p + s) · q.</summary>
    public static float Product(ReadOnlySpan<float> p, ReadOnlySpan<float> s, ReadOnlySpan<float> q)
    {
        var sums = Vector<float>.Zero;
        var at = 0;
        for (; at <= q.Length - Vector<float>.Count; at += Vector<float>.Count)
        {
            sums = Vector.FusedMultiplyAdd(new Vector<float>(p[at..]) + new Vector<float>(s[at..]), new Vector<float>(q[at..]), sums);
        }

        var sum = Vector.Sum(sums);
        for (; at < q.Length; at++)
        {
            sum += (p[at] + s[at]) * q[at];
        }

        return sum;
    }

    /// <summary>p ← decay p + step q, q ← decay q + step p.</summary>
    public static void Step(Span<float> p, Span<float> q, float step, float decay)
    {
        var (steps, decays) = (new Vector<float>(step), new Vector<float>(decay));
        var at = 0;
        for (; at <= q.Length - Vector<float>.Count; at += Vector<float>.Count)
        {
            var (x, y) = (new Vector<float>(p[at..]), new Vector<float>(q[at..]));
            Vector.FusedMultiplyAdd(steps, y, x * decays).CopyTo(p[at..]);
            Vector.FusedMultiplyAdd(steps, x, y * decays).CopyTo(q[at..]);
        }

        for (; at < q.Length; at++)
        {
            var (x, y) = (p[at], q[at]);
            (p[at], q[at]) = ((decay * x) + (step * y), (decay * y) + (step * x));
        }
    }

    /// <summary>With a sum s beside p: p ← decay p + step q, s ← s + step q, q ← decay q + step (p + s).</summary>
    public static void Step(Span<float> p, Span<float> q, Span<float> s, float step, float decay)
    {
        var (steps, decays) = (new Vector<float>(step), new Vector<float>(decay));
        var at = 0;
        for (; at <= q.Length - Vector<float>.Count; at += Vector<float>.Count)
        {
            var (x, y, z) = (new Vector<float>(p[at..]), new Vector<float>(q[at..]), new Vector<float>(s[at..]));
            Vector.FusedMultiplyAdd(steps, y, x * decays).CopyTo(p[at..]);
            Vector.FusedMultiplyAdd(steps, y, z).CopyTo(s[at..]);
            Vector.FusedMultiplyAdd(steps, x + z, y * decays).CopyTo(q[at..]);
        }

        for (; at < q.Length; at++)
        {
            var (x, y, z) = (p[at], q[at], s[at]);
            (p[at], s[at], q[at]) = ((decay * x) + (step * y), z + (step * y), (decay * y) + (step * (x + z)));
        }
    }
}

namespace MlSystem.Training.Learners.Models;

/// <summary>
/// Least-squares regression by stochastic gradients whose step adapts to each coordinate (Duchi, Hazan and Singer, "Adaptive
/// Subgradient Methods for Online Learning and Stochastic Optimization", JMLR 2011). The gradient's error is cut to ±
/// <see cref="ErrorLimit"/> deviations, so that one outlier does not use up the steps that are left.
/// </summary>
internal sealed class AdaGrad(int size, double learningRate, double l2) : LinearRule(size)
{
    /// <summary>In units of the (standardised) label.</summary>
    public const double ErrorLimit = 1e6;

    private readonly double[] _n = new double[size];

    public override void Learn(int[] slots, double[] values, double margin, double label, double weight)
    {
        var error = Math.Clamp(margin - label, -ErrorLimit, ErrorLimit) * weight;
        for (var i = 0; i < slots.Length; i++)
        {
            var slot = slots[i];
            var gradient = (error * values[i]) + (slot == 0 ? 0 : l2 * W[slot]);
            if (gradient == 0)
            {
                continue;
            }

            _n[slot] += gradient * gradient;
            W[slot] -= learningRate * gradient / Math.Sqrt(_n[slot]);
        }
    }

    public override void Reset()
    {
        base.Reset();
        Array.Clear(_n);
    }

    public override void Quicken()
    {
        for (var i = 0; i < _n.Length; i++)
        {
            _n[i] *= QuickenedShare;
        }
    }

    public override void Write(BinaryWriter writer) => WriteSparse(writer, W, _n);

    public override void Read(BinaryReader reader) => ReadSparse(reader, W, _n);
}

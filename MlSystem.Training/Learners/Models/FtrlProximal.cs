namespace MlSystem.Training.Learners.Models;

/// <summary>
/// Logistic regression by FTRL-Proximal with steps of their own for each coordinate (McMahan et al., "Ad Click Prediction:
/// a View from the Trenches", KDD 2013, algorithm 1).
/// </summary>
internal sealed class FtrlProximal(int size, double alpha, double beta, double l1, double l2) : LinearRule(size)
{
    private readonly double[] _z = new double[size];
    private readonly double[] _n = new double[size];

    public override void Learn(int[] slots, double[] values, double margin, double label, double weight)
    {
        var error = (LinearOnlineModel.Sigmoid(margin) - label) * weight;
        for (var i = 0; i < slots.Length; i++)
        {
            var gradient = error * values[i];
            if (gradient == 0)
            {
                continue;
            }

            var slot = slots[i];
            var before = _n[slot];
            var after = before + (gradient * gradient);
            var root = Math.Sqrt(after);
            _z[slot] += gradient - ((root - Math.Sqrt(before)) / alpha * W[slot]);
            _n[slot] = after;
            W[slot] = Weight(_z[slot], root);
        }
    }

    public override void Reset()
    {
        base.Reset();
        Array.Clear(_z);
        Array.Clear(_n);
    }

    /// <summary>Shrinks the accumulated gradients and moves z so that every weight stays as it is.</summary>
    public override void Quicken()
    {
        for (var i = 0; i < _n.Length; i++)
        {
            _n[i] *= QuickenedShare;
            if (W[i] != 0)
            {
                _z[i] = (-W[i] * Divisor(Math.Sqrt(_n[i]))) - (Math.Sign(W[i]) * l1);
            }
        }
    }

    public override void Write(BinaryWriter writer) => WriteSparse(writer, _z, _n);

    public override void Read(BinaryReader reader)
    {
        ReadSparse(reader, _z, _n);
        for (var i = 0; i < _z.Length; i++)
        {
            W[i] = Weight(_z[i], Math.Sqrt(_n[i]));
        }
    }

    private double Weight(double z, double root) => Math.Abs(z) <= l1 ? 0 : (((z > 0 ? l1 : -l1) - z) / Divisor(root));

    private double Divisor(double root) => ((beta + root) / alpha) + l2;
}

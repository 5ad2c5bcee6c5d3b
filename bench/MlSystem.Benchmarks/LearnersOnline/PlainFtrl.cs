namespace MlSystem.Benchmarks.LearnersOnline;

/// <summary>The baseline: FTRL-Proximal by hand on dense numbers, without standardisation, metrics, drift detector or state to store.</summary>
internal sealed class PlainFtrl(int columns)
{
    private const double Alpha = 0.1, Beta = 1, L1 = 1, L2 = 1;
    private readonly double[] _z = new double[columns], _n = new double[columns], _weights = new double[columns];

    public double Take(ReadOnlySpan<double> row, double label)
    {
        var score = 0.0;
        for (var i = 0; i < row.Length; i++)
        {
            _weights[i] = Math.Abs(_z[i]) <= L1 ? 0 : -(_z[i] - (Math.Sign(_z[i]) * L1)) / (((Beta + Math.Sqrt(_n[i])) / Alpha) + L2);
            score += _weights[i] * row[i];
        }

        var prediction = 1 / (1 + Math.Exp(-score));
        for (var i = 0; i < row.Length; i++)
        {
            var gradient = (prediction - label) * row[i];
            var sigma = (Math.Sqrt(_n[i] + (gradient * gradient)) - Math.Sqrt(_n[i])) / Alpha;
            _z[i] += gradient - (sigma * _weights[i]);
            _n[i] += gradient * gradient;
        }

        return prediction;
    }
}

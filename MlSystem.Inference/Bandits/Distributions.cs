using MlSystem.Inference.Routing;

namespace MlSystem.Inference.Bandits;

/// <summary>Random numbers of the distributions that bandits draw from.</summary>
internal static class Distributions
{
    /// <summary>Beta(α, β) as the share of two Gamma variates.</summary>
    /// <param name="alpha">At least 1, as is <paramref name="beta"/>: a posterior over the uniform prior.</param>
    public static double Beta(double alpha, double beta, RandomSource random)
    {
        var x = Gamma(alpha, random);
        var y = Gamma(beta, random);
        return x + y > 0 ? x / (x + y) : 0.5;
    }

    /// <summary>Gamma(shape, 1) for shapes of at least 1 (Marsaglia and Tsang 2000): a transformed normal, accepted in 95 of 100 tries or more.</summary>
    private static double Gamma(double shape, RandomSource random)
    {
        var d = shape - (1.0 / 3);
        var c = 1 / Math.Sqrt(9 * d);
        while (true)
        {
            var x = Normal(random);
            var v = 1 + (c * x);
            if (v <= 0)
            {
                continue;
            }

            v = v * v * v;
            var u = 1 - random.NextDouble();
            if (Math.Log(u) < (0.5 * x * x) + (d * (1 - v + Math.Log(v))))
            {
                return d * v;
            }
        }
    }

    /// <summary>Standard normal (Box and Muller 1958).</summary>
    private static double Normal(RandomSource random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}

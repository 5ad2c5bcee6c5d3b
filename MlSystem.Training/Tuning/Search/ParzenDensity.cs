using MlSystem.Training.Gates.Statistics;

namespace MlSystem.Training.Tuning.Search;

/// <summary>A mixture with one kernel for each point and one over the whole space, the prior, all of one weight.</summary>
internal sealed class ParzenDensity
{
    private readonly IReadOnlyList<double[]> _points;
    private readonly bool _multivariate;
    private readonly IKernels[] _kernels;

    public ParzenDensity(IReadOnlyList<SearchDimension> space, IReadOnlyList<double[]> points, bool multivariate)
    {
        (_points, _multivariate) = (points, multivariate);
        _kernels = [.. space.Select((dimension, d) => Kernels(dimension, [.. points.Select(p => p[d])], space.Count))];
    }

    private int Count => _points.Count + 1;

    public double[] Draw(Random random)
    {
        var shared = random.Next(Count);
        return [.. _kernels.Select(k => k.Draw(_multivariate ? shared : random.Next(Count), random))];
    }

    /// <summary>Log density of a whole point under kernels that span all dimensions.</summary>
    public double LogDensity(double[] point) => LogMean([.. Enumerable.Range(0, Count).Select(k => _kernels.Select((kernels, d) => kernels.Log(k, point[d])).Sum())]);

    /// <summary>Log density of one dimension by itself.</summary>
    public double LogDensity(int dimension, double coordinate) => LogMean([.. Enumerable.Range(0, Count).Select(k => _kernels[dimension].Log(k, coordinate))]);

    private static double LogMean(double[] logs)
    {
        var largest = logs.Max();
        return largest + Math.Log(logs.Average(l => Math.Exp(l - largest)));
    }

    private IKernels Kernels(SearchDimension dimension, double[] coordinates, int dimensions) => dimension switch
    {
        NumberDimension number => new NumberKernels(number, coordinates, _multivariate ? Together(number, coordinates.Length, dimensions) : null),
        ChoiceDimension choice => new ChoiceKernels(choice, coordinates),
        _ => throw new ArgumentException($"A dimension of kind {dimension.GetType().Name} has no kernels.", nameof(dimension)),
    };

    /// <summary>Scott's rule for points spread over the range: kernels of one width narrow as points become many.</summary>
    private static double Together(NumberDimension number, int points, int dimensions) =>
        0.2 * Math.Pow(Math.Max(1, points), -1.0 / (dimensions + 4)) * (number.High - number.Low);

    /// <summary>Kernels of one dimension; the last one is the prior.</summary>
    private interface IKernels
    {
        double Draw(int kernel, Random random);

        double Log(int kernel, double coordinate);
    }

    /// <summary>Normal kernels, cut off at the bounds. A whole number has the mass of its unit.</summary>
    private sealed class NumberKernels : IKernels
    {
        private readonly NumberDimension _dimension;
        private readonly double[] _centers;
        private readonly double[] _widths;

        public NumberKernels(NumberDimension dimension, double[] coordinates, double? width)
        {
            _dimension = dimension;
            var range = Math.Max(dimension.High - dimension.Low, double.Epsilon);
            _centers = [.. coordinates.Select(dimension.Scale), (dimension.Low + dimension.High) / 2];
            var narrowest = range / Math.Min(100, 1.0 + _centers.Length);
            _widths = [.. width is { } one ? coordinates.Select(_ => Math.Clamp(one, narrowest / 4, range)) : Neighbours(narrowest, range), range];
        }

        public double Draw(int kernel, Random random)
        {
            var (low, high) = (Below(kernel, _dimension.Low), Below(kernel, _dimension.High));
            var p = low + (random.NextDouble() * (high - low));
            return _dimension.Value(Math.Clamp(_centers[kernel] + (_widths[kernel] * NormalDistribution.Quantile(p)), _dimension.Low, _dimension.High));
        }

        public double Log(int kernel, double coordinate)
        {
            var inside = Below(kernel, _dimension.High) - Below(kernel, _dimension.Low);
            if (_dimension.Whole)
            {
                var mass = Below(kernel, _dimension.Scale(coordinate + 0.5)) - Below(kernel, _dimension.Scale(coordinate - 0.5));
                return Math.Log(Math.Max(mass, 1e-300) / Math.Max(inside, 1e-300));
            }

            var z = (_dimension.Scale(coordinate) - _centers[kernel]) / _widths[kernel];
            return (-z * z / 2) - Math.Log(_widths[kernel] * Math.Sqrt(2 * Math.PI) * Math.Max(inside, 1e-300));
        }

        private double Below(int kernel, double scaled) => NormalDistribution.Cumulative((scaled - _centers[kernel]) / _widths[kernel]);

        /// <summary>The distance to the farther neighbour: wide where points are few.</summary>
        private IEnumerable<double> Neighbours(double narrowest, double range)
        {
            var sorted = _centers.Order().ToArray();
            foreach (var center in _centers.SkipLast(1))
            {
                var at = Array.BinarySearch(sorted, center);
                var left = center - (at > 0 ? sorted[at - 1] : _dimension.Low);
                var right = (at < sorted.Length - 1 ? sorted[at + 1] : _dimension.High) - center;
                yield return Math.Clamp(Math.Max(left, right), narrowest, range);
            }
        }
    }

    /// <summary>A kernel gives its own value one whole count more than the others, which share one.</summary>
    private sealed class ChoiceKernels(ChoiceDimension dimension, double[] coordinates) : IKernels
    {
        private readonly double _stray = 1.0 / (coordinates.Length + 1);

        public double Draw(int kernel, Random random) =>
            kernel == coordinates.Length || random.NextDouble() < _stray ? random.Next(dimension.Count) : coordinates[kernel];

        public double Log(int kernel, double coordinate) => Math.Log(kernel == coordinates.Length
            ? 1.0 / dimension.Count
            : (_stray / dimension.Count) + (coordinates[kernel] == coordinate ? 1 - _stray : 0));
    }
}

namespace MlSystem.Training.Tuning.Search;

/// <summary>Every combination of the dimensions' grids, the last dimension changing fastest.</summary>
internal sealed class GridSampler(IReadOnlyList<SearchDimension> space) : ISampler
{
    private readonly IReadOnlyList<IReadOnlyList<double>> _grids = [.. space.Select(d => d.Grid)];

    /// <summary>Number of combinations.</summary>
    public static double Size(IReadOnlyList<SearchDimension> space) => space.Aggregate(1.0, (product, d) => product * d.Grid.Count);

    public double[]? Propose(int number, IReadOnlyList<Observation> history)
    {
        var point = new double[_grids.Count];
        for (var dimension = point.Length - 1; dimension >= 0; dimension--)
        {
            point[dimension] = _grids[dimension][number % _grids[dimension].Count];
            number /= _grids[dimension].Count;
        }

        return number > 0 ? null : point;
    }
}

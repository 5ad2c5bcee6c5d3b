namespace MlSystem.Benchmarks.InProcess;

/// <summary>What was measured, round by round; medians of all rounds.</summary>
internal sealed class Rounds
{
    private readonly Dictionary<string, List<double>> _values = new(StringComparer.Ordinal);

    public double this[string name] => Median(_values[name]);

    public double Last(string name) => _values[name][^1];

    public double Add(string name, double value)
    {
        if (!_values.TryGetValue(name, out var values))
        {
            _values[name] = values = [];
        }

        values.Add(value);
        return value;
    }

    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted[sorted.Count / 2];
    }
}

namespace MlSystem.Quality.Suites;

/// <summary>One number of one model.</summary>
/// <param name="Set">Data set and split, such as <c>movielens hash5</c>.</param>
/// <param name="Reference">The same number of a strong, tuned baseline.</param>
/// <param name="Reach">What the number has to reach; null: it is only told.</param>
/// <param name="Beyond">What it aims at; missing it is no failure.</param>
public sealed record QualityRow(string Set, string Model, string Metric, double Value, double? Reference = null, Bar? Reach = null, Bar? Beyond = null)
{
    /// <summary>Null when nothing was to be reached.</summary>
    public bool? Met => Reach?.Admits(Value);
}

/// <summary>The range in which a number is good; NaN never is.</summary>
public sealed record Bar(double? Min, double? Max)
{
    public static Bar AtLeast(double min) => new(min, null);

    public static Bar AtMost(double max) => new(null, max);

    public static Bar Within(double reference, double tolerance) => new(reference - tolerance, reference + tolerance);

    public bool Admits(double value) => !double.IsNaN(value) && !(value < Min) && !(value > Max);
}

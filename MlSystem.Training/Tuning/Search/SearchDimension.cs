namespace MlSystem.Training.Tuning.Search;

/// <summary>
/// One searched parameter. A trial's coordinate is the value itself for numbers and the index of the value for a choice;
/// the search works on the dimension's own scale, where equal distances are equally likely.
/// </summary>
/// <param name="Name">Name of the trainer's parameter.</param>
internal abstract record SearchDimension(string Name)
{
    /// <summary>Points of a grid over this dimension.</summary>
    public abstract IReadOnlyList<double> Grid { get; }

    /// <summary>The coordinate at a share of the dimension.</summary>
    /// <param name="share">From 0 and below 1.</param>
    public abstract double At(double share);

    /// <summary>Where a coordinate lies, 0 to 1; choices lie side by side.</summary>
    public abstract double Share(double coordinate);
}

/// <summary>A number within bounds, both included.</summary>
/// <param name="Log">Whether equal ratios, not equal differences, are equally likely.</param>
/// <param name="Whole">Whether only whole numbers are meant.</param>
/// <param name="Points">Points of a grid, at least 2 unless the bounds are equal; 0 for whole numbers means each of them.</param>
internal sealed record NumberDimension(string Name, double Min, double Max, bool Log, bool Whole, int Points) : SearchDimension(Name)
{
    /// <summary>Lower end on the search's scale: whole numbers own the half unit on both sides, so that each is as likely as the others.</summary>
    public double Low => Scale(Whole ? Min - 0.5 : Min);

    public double High => Scale(Whole ? Max + 0.5 : Max);

    public override IReadOnlyList<double> Grid => Whole && Points == 0
        ? [.. Enumerable.Range(0, (int)(Max - Min) + 1).Select(i => Min + i)]
        : [.. Enumerable.Range(0, Points).Select(Point).Distinct()];

    public double Scale(double value) => Log ? Math.Log(value) : value;

    /// <summary>The value at a place on the search's scale, inside the bounds.</summary>
    public double Value(double scaled)
    {
        var value = Log ? Math.Exp(scaled) : scaled;
        return Math.Clamp(Whole ? Math.Round(value, MidpointRounding.AwayFromZero) : value, Min, Max);
    }

    public override double At(double share) => Value(Low + (share * (High - Low)));

    public override double Share(double coordinate) => High > Low ? (Scale(coordinate) - Low) / (High - Low) : 0.5;

    private double Point(int i)
    {
        var share = Points == 1 ? 0 : (double)i / (Points - 1);
        return Value(Scale(Min) + (share * (Scale(Max) - Scale(Min))));
    }
}

/// <summary>One of several values without order.</summary>
internal sealed record ChoiceDimension(string Name, int Count) : SearchDimension(Name)
{
    public override IReadOnlyList<double> Grid => [.. Enumerable.Range(0, Count).Select(i => (double)i)];

    public override double At(double share) => Math.Min(Math.Floor(share * Count), Count - 1);

    public override double Share(double coordinate) => (coordinate + 0.5) / Count;
}

using System.Globalization;

namespace MlSystem.Training.Tuning.Scheduling;

/// <summary>Amounts of a resource (boosting rounds, epochs) that trials are given: from the least, each <c>factor</c> times the one before, to the most.</summary>
internal sealed record RungLadder
{
    private RungLadder(IReadOnlyList<int> resources, int factor) => (Resources, Factor) = (resources, factor);

    public IReadOnlyList<int> Resources { get; }

    /// <summary>The reduction factor η: one of so many trials of a rung goes on to the next.</summary>
    public int Factor { get; }

    public int Top => Resources.Count - 1;

    /// <summary>Counted down from the most, so that the last rung is exactly that.</summary>
    public static RungLadder Of(int min, int max, int factor)
    {
        if (min < 1 || max < min || factor < 2)
        {
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"No rungs from {min} to {max} by {factor}."), nameof(min));
        }

        List<int> resources = [];
        for (double resource = max; resource >= min; resource /= factor)
        {
            resources.Add((int)Math.Round(resource));
        }

        resources.Reverse();
        return new RungLadder([.. resources.Distinct()], factor);
    }
}

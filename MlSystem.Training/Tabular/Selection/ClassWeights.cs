namespace MlSystem.Training.Tabular.Selection;

/// <summary>Weights of rows by their class.</summary>
internal static class ClassWeights
{
    /// <summary>Null when all weigh 1.</summary>
    /// <exception cref="TrainingDataException">A weight is for a class that there is not.</exception>
    public static float[]? Of(int[] positions, IReadOnlyList<string> classes, TabularOptions options)
    {
        if (options.ClassWeights.Keys.FirstOrDefault(k => !classes.Contains(k)) is { } unknown)
        {
            throw new TrainingDataException(null, $"there is a weight for class '{unknown}', which is none of {string.Join(", ", classes)}");
        }

        if (options.PositiveWeight != 1 && classes.Count != 2)
        {
            throw new TrainingDataException(null, $"a weight of the positive class is for two classes, there are {classes.Count}");
        }

        if (options.PositiveWeight == 1 && !options.BalancedClasses && options.ClassWeights.Count == 0)
        {
            return null;
        }

        var counts = positions.CountBy(p => p).ToDictionary();
        var weights = classes.Select((c, i) => options.ClassWeights.GetValueOrDefault(c, 1) * (i == 1 ? options.PositiveWeight : 1)
            * (options.BalancedClasses ? (double)positions.Length / classes.Count / Math.Max(1, counts.GetValueOrDefault(i)) : 1)).ToArray();
        return Array.ConvertAll(positions, p => (float)weights[p]);
    }
}

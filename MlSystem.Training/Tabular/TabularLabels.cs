using System.Globalization;
using MlSystem.Contracts;
using MlSystem.Training.Tabular.Outputs;

namespace MlSystem.Training.Tabular;

/// <summary>Labels as the trainers need them, checked.</summary>
internal static class TabularLabels
{
    /// <summary>The classes in the order of the probabilities.</summary>
    /// <exception cref="TrainingDataException">Labels are missing, of one class only, not integers, or too many for the task.</exception>
    public static IReadOnlyList<string> Classes(TabularFrame fit)
    {
        var labels = fit.Labels ?? throw new TrainingDataException(null, "rows have no class labels");
        if (labels.ToList().FindIndex(l => l.Length == 0) is >= 0 and var row)
        {
            throw new TrainingDataException(null, $"row {row + 1} has no label");
        }

        var schema = fit.Schema;
        var seen = labels.Distinct(StringComparer.Ordinal).ToList();
        if (seen.Count < 2)
        {
            throw new TrainingDataException(null, $"all rows have the same label '{seen[0]}'; at least two classes are needed");
        }

        if (schema.IntegerLabels && (schema.Classes ?? seen).FirstOrDefault(l => !long.TryParse(l, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _)) is { } text)
        {
            throw new TrainingDataException(null, $"label '{text}' is not an integer");
        }

        if (schema.Classes is { } given && seen.Except(given, StringComparer.Ordinal).FirstOrDefault() is { } unknown)
        {
            throw new TrainingDataException(null, $"label '{unknown}' is not among the schema's classes ({string.Join(", ", given)})");
        }

        var classes = schema.Classes ?? (schema.IntegerLabels
            ? [.. seen.OrderBy(l => long.Parse(l, CultureInfo.InvariantCulture))]
            : [.. seen.Order(StringComparer.Ordinal)]);
        return schema.Task == ModelTask.BinaryClassification && classes.Count != 2
            ? throw new TrainingDataException(null, $"binary classification needs two classes, there are {classes.Count}: {string.Join(", ", classes.Take(10))}")
            : classes;
    }

    /// <summary>Class positions, from 0.</summary>
    /// <exception cref="TrainingDataException">A label is none of the classes.</exception>
    public static int[] Positions(TabularFrame frame, IReadOnlyList<string> classes)
    {
        var positions = classes.Index().ToDictionary(c => c.Item, c => c.Index, StringComparer.Ordinal);
        var labels = frame.Labels ?? throw new TrainingDataException(null, "rows have no class labels");
        return [.. labels.Select((label, row) => positions.TryGetValue(label, out var position)
            ? position
            : throw new TrainingDataException(null, $"label '{label}' of row {row + 1} is not among the classes ({string.Join(", ", classes)})"))];
    }

    /// <summary>Mean and deviation of the targets.</summary>
    /// <exception cref="TrainingDataException">Targets are missing, not finite or all equal.</exception>
    public static ScoreLink.Affine Standardisation(TabularFrame fit, bool log)
    {
        var targets = fit.Targets ?? throw new TrainingDataException(null, "rows have no target values");
        if (targets.ToList().FindIndex(t => !float.IsFinite(t)) is >= 0 and var row)
        {
            throw new TrainingDataException(null, $"the target of row {row + 1} is missing or infinite");
        }

        if (log && targets.Any(t => t <= -1))
        {
            throw new TrainingDataException(null, $"target {targets.First(t => t <= -1)} has no log1p; it must be above -1");
        }

        var mean = targets.Average(t => Transformed(t, log));
        var deviation = Math.Sqrt(targets.Average(t => Math.Pow(Transformed(t, log) - mean, 2)));
        return targets.All(t => t == targets[0])
            ? throw new TrainingDataException(null, $"all rows have the same target {targets[0]}")
            : new ScoreLink.Affine(mean, deviation, log);
    }

    public static float[] Standardised(TabularFrame frame, ScoreLink.Affine link)
    {
        var targets = frame.Targets ?? throw new TrainingDataException(null, "rows have no target values");
        return [.. targets.Select(t => (float)((Transformed(t, link.Log) - link.Mean) / link.Deviation))];
    }

    private static double Transformed(float target, bool log) => log ? Math.Log(1.0 + target) : target;
}

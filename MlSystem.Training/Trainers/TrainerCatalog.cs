using MlSystem.Contracts;
using MlSystem.Training.Tabular;

namespace MlSystem.Training.Trainers;

/// <summary>The trainers that a pipeline can name, their tasks and their parameters.</summary>
public static class TrainerCatalog
{
    private static readonly TrainerParameter[] Common =
    [
        Whole("maximum_categories", 1, 10_000, (o, v) => o with { MaximumCategories = v }),
    ];

    private static readonly TrainerParameter[] Trees =
    [
        Whole("iterations", 1, 100_000, (o, v) => o with { IterationsWithoutValidation = v }),
        Share("learning_rate", (o, v) => o with { LearningRate = v }),
        Whole("leaves", 2, 4096, (o, v) => o with { Leaves = v }),
        Whole("minimum_rows_per_leaf", 1, 1_000_000, (o, v) => o with { MinimumRowsPerLeaf = v }),
    ];

    private static readonly TrainerParameter L2 = new("l2", v => v >= 0, "at least 0", (o, v) => o with { L2 = v });

    private static readonly Dictionary<string, TrainerParameter[]> ByKind = new(StringComparer.Ordinal)
    {
        [TabularAlgorithm.LightGbm] =
        [
            .. Common, .. Trees, L2,
            Share("feature_share", (o, v) => o with { FeatureShare = v }),
            Share("row_share", (o, v) => o with { RowShare = v }),
        ],
        [TabularAlgorithm.FastTree] = [.. Common, .. Trees],
        [TabularAlgorithm.Linear] = [.. Common, L2],
    };

    public static IReadOnlyCollection<string> Kinds => ByKind.Keys;

    public static IReadOnlyCollection<string> Tasks { get; } = [ModelTask.BinaryClassification, ModelTask.MulticlassClassification, ModelTask.Regression];

    /// <summary>Parameters of a trainer; none of an unknown one.</summary>
    public static IReadOnlyList<TrainerParameter> Parameters(string kind) => ByKind.GetValueOrDefault(kind, []);

    public static bool IsClassification(string task) => task != ModelTask.Regression;

    /// <summary>Whether a trainer does a task.</summary>
    public static bool Does(string kind, string task) => kind != TabularAlgorithm.FastTree || task != ModelTask.MulticlassClassification;

    /// <summary>A trainer's settings: the declared parameters, the defaults for the rest.</summary>
    internal static TabularOptions Options(Pipelines.TrainerSpec spec) => Parameters(spec.Kind)
        .Where(p => spec.Parameters.ContainsKey(p.Name))
        .Aggregate(new TabularOptions { Algorithm = spec.Kind, Seed = (int)spec.Seed }, (options, p) => p.Set(options, spec.Parameters[p.Name]));

    private static TrainerParameter Whole(string name, int min, int max, Func<TabularOptions, int, TabularOptions> set) =>
        new(name, v => v >= min && v <= max && double.IsInteger(v), FormattableString.Invariant($"a whole number from {min} to {max}"), (o, v) => set(o, (int)v));

    private static TrainerParameter Share(string name, Func<TabularOptions, double, TabularOptions> set) =>
        new(name, v => v is > 0 and <= 1, "above 0 and at most 1", set);
}

/// <summary>A number that a trainer can be given.</summary>
/// <param name="Accepts">Whether a value is in range.</param>
/// <param name="Allowed">The range in words.</param>
public sealed record TrainerParameter(string Name, Func<double, bool> Accepts, string Allowed, Func<TabularOptions, double, TabularOptions> Set);

using MlSystem.Contracts;
using MlSystem.Training.Pipelines;
using MlSystem.Training.Tabular;

namespace MlSystem.Training.Trainers;

/// <summary>Parameters of the tabular trainers, and the options that they become.</summary>
internal static class TabularParameters
{
    private static readonly TabularOptions Defaults = new();

    private static readonly Setting MaximumCategories =
        new(TrainerParameter.Whole("maximum_categories", 1, 10_000, Defaults.MaximumCategories), (o, v) => o with { MaximumCategories = (int)v.Number! });

    private static readonly Setting[] Trees =
    [
        new(TrainerParameter.Whole("iterations", 1, 100_000, Defaults.IterationsWithoutValidation), (o, v) => o with { IterationsWithoutValidation = (int)v.Number! }),
        new(TrainerParameter.Share("learning_rate", Defaults.LearningRate), (o, v) => o with { LearningRate = v.Number!.Value }),
        new(TrainerParameter.Whole("leaves", 2, 4096, Defaults.Leaves), (o, v) => o with { Leaves = (int)v.Number! }),
        new(TrainerParameter.Whole("minimum_rows_per_leaf", 1, 1_000_000, Defaults.MinimumRowsPerLeaf), (o, v) => o with { MinimumRowsPerLeaf = (int)v.Number! }),
    ];

    private static readonly Setting L2 = new(TrainerParameter.AtLeast("l2", 0, Defaults.L2), (o, v) => o with { L2 = v.Number!.Value });

    private static readonly Dictionary<string, Setting[]> ByKind = new(StringComparer.Ordinal)
    {
        [TabularAlgorithm.LightGbm] =
        [
            MaximumCategories, .. Trees, L2,
            new(TrainerParameter.Share("feature_share", Defaults.FeatureShare), (o, v) => o with { FeatureShare = v.Number!.Value }),
            new(TrainerParameter.Share("row_share", Defaults.RowShare), (o, v) => o with { RowShare = v.Number!.Value }),
        ],
        [TabularAlgorithm.FastTree] = [MaximumCategories, .. Trees],
        [TabularAlgorithm.Linear] = [MaximumCategories, L2],
    };

    public static IReadOnlyList<TrainerKind> Kinds { get; } =
        [.. ByKind.Select(k => new TrainerKind(k.Key, TasksOf(k.Key), [.. k.Value.Select(s => s.Parameter)]))];

    /// <summary>A trainer's settings: the declared parameters, the defaults for the rest.</summary>
    public static TabularOptions Options(TrainerSpec spec) => ByKind[spec.Kind]
        .Where(s => spec.Parameters.ContainsKey(s.Parameter.Name))
        .Aggregate(new TabularOptions { Algorithm = spec.Kind, Seed = (int)spec.Seed }, (options, s) => s.Set(options, spec.Parameters[s.Parameter.Name]));

    private static string[] TasksOf(string kind) => kind == TabularAlgorithm.FastTree
        ? [ModelTask.BinaryClassification, ModelTask.Regression]
        : [ModelTask.BinaryClassification, ModelTask.MulticlassClassification, ModelTask.Regression];

    private sealed record Setting(TrainerParameter Parameter, Func<TabularOptions, ParameterValue, TabularOptions> Set);
}

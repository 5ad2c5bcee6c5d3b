using MlSystem.Contracts;
using MlSystem.Training.Pipelines;
using MlSystem.Training.Tabular;

namespace MlSystem.Training.Trainers;

/// <summary>Parameters of the tabular trainers, and the options that they become.</summary>
internal static class TabularParameters
{
    private static readonly TabularOptions Defaults = new();

    private static readonly string[] AllTasks = [ModelTask.BinaryClassification, ModelTask.MulticlassClassification, ModelTask.Regression];

    private static readonly Setting[] Common =
    [
        new(TrainerParameter.Whole("maximum_categories", 1, 10_000, Defaults.MaximumCategories), (o, v) => o with { MaximumCategories = (int)v.Number! }),
        new(TrainerParameter.Whole("hash_buckets", 1, 65_536, Defaults.HashBuckets), (o, v) => o with { HashBuckets = (int)v.Number! }),
        new(TrainerParameter.OneOf("class_weight", ["none", "balanced"], "none"), (o, v) => o with { BalancedClasses = v.Text == "balanced" }),
        new(TrainerParameter.Above("positive_weight", 0, Defaults.PositiveWeight), (o, v) => o with { PositiveWeight = v.Number!.Value }),
        new(TrainerParameter.OneOf("calibration", CalibrationMethod.All, CalibrationMethod.None), (o, v) => o with { Calibration = v.Text! }),
        new(TrainerParameter.OneOf("threshold", ThresholdObjective.All, ThresholdObjective.None), (o, v) => o with { Threshold = o.Threshold with { Objective = v.Text! } }),
        new(TrainerParameter.Above("false_positive_cost", 0, Defaults.Threshold.FalsePositiveCost), (o, v) => o with { Threshold = o.Threshold with { FalsePositiveCost = v.Number!.Value } }),
        new(TrainerParameter.Above("false_negative_cost", 0, Defaults.Threshold.FalseNegativeCost), (o, v) => o with { Threshold = o.Threshold with { FalseNegativeCost = v.Number!.Value } }),
        new(TrainerParameter.Share("minimum_precision", Defaults.Threshold.MinimumPrecision), (o, v) => o with { Threshold = o.Threshold with { MinimumPrecision = v.Number!.Value } }),
        new(TrainerParameter.OneOf("target_transform", TargetTransform.All, TargetTransform.Auto), (o, v) => o with { TargetTransform = v.Text! }),
        new(TrainerParameter.Whole("iterations", 1, 100_000), (o, v) => o with { Iterations = (int)v.Number! }),
    ];

    private static readonly Setting[] Trees =
    [
        new(TrainerParameter.Whole("maximum_iterations", 1, 100_000, Defaults.MaximumIterations), (o, v) => o with { MaximumIterations = (int)v.Number! }),
        new(TrainerParameter.Share("learning_rate"), (o, v) => o with { LearningRate = v.Number!.Value }),
        new(TrainerParameter.Whole("leaves", 2, 4096), (o, v) => o with { Leaves = (int)v.Number! }),
        new(TrainerParameter.Whole("minimum_rows_per_leaf", 1, 1_000_000), (o, v) => o with { MinimumRowsPerLeaf = (int)v.Number! }),
    ];

    private static readonly Setting L2 = new(TrainerParameter.AtLeast("l2", 0), (o, v) => o with { L2 = v.Number!.Value });

    private static readonly Dictionary<string, Setting[]> ByKind = new(StringComparer.Ordinal)
    {
        [TabularAlgorithm.LightGbm] =
        [
            .. Common, .. Trees, L2,
            new(TrainerParameter.Whole("early_stopping_rounds", 1, 10_000, Defaults.EarlyStoppingRounds), (o, v) => o with { EarlyStoppingRounds = (int)v.Number! }),
            new(TrainerParameter.Share("feature_share"), (o, v) => o with { FeatureShare = v.Number!.Value }),
            new(TrainerParameter.Share("row_share", Defaults.RowShare), (o, v) => o with { RowShare = v.Number!.Value }),
        ],
        [TabularAlgorithm.FastTree] = [.. Common, .. Trees],
        [TabularAlgorithm.Linear] =
        [
            .. Common, L2,
            new(TrainerParameter.OneOf("solver", ["lbfgs", "sdca"], "lbfgs"), (o, v) => o with { LinearSolver = v.Text == "sdca" ? LinearSolver.Sdca : LinearSolver.Lbfgs }),
        ],
    };

    public static IReadOnlyList<TrainerKind> Kinds { get; } =
        [.. ByKind.Select(k => new TrainerKind(k.Key, AllTasks, [.. k.Value.Select(s => s.Parameter)]))];

    /// <summary>A trainer's settings: the declared parameters, the defaults for the rest.</summary>
    public static TabularOptions Options(TrainerSpec spec) => ByKind[spec.Kind]
        .Where(s => spec.Parameters.ContainsKey(s.Parameter.Name))
        .Aggregate(new TabularOptions { Algorithm = spec.Kind, Seed = (int)spec.Seed }, (options, s) => s.Set(options, spec.Parameters[s.Parameter.Name]));

    private sealed record Setting(TrainerParameter Parameter, Func<TabularOptions, ParameterValue, TabularOptions> Set);
}

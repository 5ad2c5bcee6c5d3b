using System.Globalization;
using MlSystem.Training.Tabular.Outputs;

namespace MlSystem.Training.Tabular;

/// <summary>The settings of a training with what it chose, for the run's parameters and the graph's metadata.</summary>
internal static class TabularFacts
{
    public static Dictionary<string, string> Of(TrainedTabular trained)
    {
        var options = trained.Options;
        var facts = new Dictionary<string, string>(trained.Model.Facts, StringComparer.Ordinal)
        {
            ["algorithm"] = options.Algorithm,
            ["seed"] = Text(options.Seed),
            ["missing_number"] = Text(options.MissingNumber).ToLowerInvariant(),
            ["features"] = Text(trained.Preprocessor.Features),
        };
        foreach (var plan in trained.Preprocessor.Categorical.Where(c => c.Dropped > 0))
        {
            facts[$"hashed_categories.{plan.Column.Name}"] = Text(plan.Dropped);
        }

        Add(facts, "l2", options.L2);
        if (options.Algorithm != TabularAlgorithm.Linear)
        {
            Add(facts, "learning_rate", options.LearningRate);
            Add(facts, "leaves", options.Leaves);
            Add(facts, "minimum_rows_per_leaf", options.MinimumRowsPerLeaf);
        }

        if (options.Algorithm == TabularAlgorithm.LightGbm)
        {
            Add(facts, "feature_share", options.FeatureShare);
            facts["row_share"] = Text(options.RowShare);
        }

        Outputs(facts, trained);
        return facts;
    }

    private static void Outputs(Dictionary<string, string> facts, TrainedTabular trained)
    {
        if (trained.Stage.Link is ScoreLink.Affine affine)
        {
            facts["target_transform"] = affine.Log ? TargetTransform.Log1P : TargetTransform.None;
            return;
        }

        facts["calibration"] = trained.Options.Calibration;
        Add(facts, "threshold", trained.Stage.Threshold);
        foreach (var (name, weight) in trained.Options.ClassWeights)
        {
            facts[$"class_weight.{name}"] = Text(weight);
        }

        if (trained.Options.PositiveWeight != 1)
        {
            facts["positive_weight"] = Text(trained.Options.PositiveWeight);
        }

        if (trained.Options.BalancedClasses)
        {
            facts["class_weight"] = "balanced";
        }
    }

    private static void Add<T>(Dictionary<string, string> facts, string name, T? value)
        where T : struct
    {
        if (value is { } given)
        {
            facts[name] = Text(given);
        }
    }

    private static string Text<T>(T value) => string.Create(CultureInfo.InvariantCulture, $"{value}");
}

using MlSystem.Training.Recommendation;
using MlSystem.Training.Recommendation.Data;
using MlSystem.Training.Recommendation.Factorization;
using MlSystem.Training.Recommendation.Models;
using MlSystem.Training.Recommendation.Neighbours;

namespace MlSystem.Training.Trainers;

/// <summary>A recommender: its parameters and how it is fitted.</summary>
/// <param name="Fit">The last argument is a parent to start from, given only where <paramref name="StartsWarm"/>.</param>
internal sealed record RecommenderKind(
    string Name, IReadOnlyList<TrainerParameter> Parameters, Func<Interactions, RecommenderSettings, FitContext, WarmStart?, IRankingModel> Fit, bool StartsWarm = false);

/// <summary>The recommenders that have a serving form.</summary>
internal static class RecommenderKinds
{
    private static readonly TrainerParameter[] Common =
    [
        TrainerParameter.Whole("top_k", 1, 1000, 10),
        TrainerParameter.AtLeast("minimum_label", double.MinValue) with { Allowed = "a number" },
    ];

    private static readonly ImplicitAlsOptions Als = new();

    private static readonly BprOptions BprDefaults = new();

    public static IReadOnlyList<RecommenderKind> All { get; } =
    [
        new("popularity", Common, (data, _, _, _) => PopularityModel.Fit(data)),
        new(
            "als",
            [
                .. Common, TrainerParameter.Whole("factors", 1, 1024, Als.Factors), TrainerParameter.Whole("iterations", 1, 1000, Als.Iterations),
                TrainerParameter.Above("alpha", 0), TrainerParameter.Above("regularisation", 0),
            ],
            (data, s, context, parent) => ImplicitAls.Fit(
                data,
                new ImplicitAlsOptions { Factors = s.Whole("factors"), Iterations = s.Whole("iterations"), Alpha = s.Optional("alpha"), Regularisation = s.Optional("regularisation") },
                context,
                parent),
            StartsWarm: true),
        new(
            "bpr",
            [
                .. Common, TrainerParameter.Whole("factors", 1, 1024, BprDefaults.Factors), TrainerParameter.Whole("epochs", 1, 10_000, BprDefaults.Epochs),
                TrainerParameter.Share("learning_rate", BprDefaults.LearningRate), TrainerParameter.AtLeast("regularisation", 0, BprDefaults.Regularisation),
            ],
            (data, s, context, parent) => Bpr.Fit(
                data,
                new BprOptions { Factors = s.Whole("factors"), Epochs = s.Whole("epochs"), LearningRate = s.Number("learning_rate"), Regularisation = s.Number("regularisation") },
                context,
                parent),
            StartsWarm: true),
        new(
            "item_knn",
            [.. Common, TrainerParameter.Whole("neighbours", 1, 10_000), TrainerParameter.AtLeast("shrinkage", 0)],
            (data, s, context, _) => ItemKnn.Fit(data, new KnnOptions { Neighbours = (int?)s.Optional("neighbours"), Shrinkage = s.Optional("shrinkage") }, context)),
        new(
            "ease",
            [.. Common, TrainerParameter.Above("regularisation", 0), TrainerParameter.Whole("maximum_items", 1, 46_000, new EaseOptions().MaximumItems)],
            (data, s, context, _) => Ease.Fit(data, new EaseOptions { Regularisation = s.Optional("regularisation"), MaximumItems = s.Whole("maximum_items") }, context)),
    ];
}

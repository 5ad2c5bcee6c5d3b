using MlSystem.Training.Recommendation.Data;
using MlSystem.Training.Recommendation.Factorization;
using MlSystem.Training.Recommendation.Neighbours;
using MlSystem.Training.Recommendation.Tuning;

namespace MlSystem.Training.Recommendation.Hybrids;

/// <summary>Settings of <see cref="Hybrid"/>: those of its parts.</summary>
public sealed record HybridOptions
{
    public EaseOptions Ease { get; init; } = new();

    public ImplicitAlsOptions Als { get; init; } = new();

    public KnnOptions Knn { get; init; } = new();
}

/// <summary>
/// Implicit ALS, item neighbours and EASE together (without EASE when there are more items than it is allowed). Weights of multiples of a fifth that sum
/// to 1 are chosen by NDCG@10 on an inner hold-out; then the parts are trained on all data.
/// </summary>
public static class Hybrid
{
    private const int Fifths = 5;

    public static HybridModel Fit(Interactions data, HybridOptions options, FitContext context)
    {
        var search = new InnerSearch(data, context);
        options = options with
        {
            Als = OpenSettings.Of(data, options.Als, context),
            Knn = OpenSettings.Of(data, options.Knn, context, users: false),
            Ease = data.Items.Count > options.Ease.MaximumItems ? options.Ease : OpenSettings.Of(data, options.Ease, context),
        };
        context.Step(1, 3);
        var weights = search.CanChoose ? Weights(search, Parts(search.Split.Rest, options, context.Quiet)) : null;
        context.Step(2, 3);
        var parts = Parts(data, options, context.Quiet);
        context.Step(3, 3);
        return new HybridModel([.. parts.Select((p, i) => p with { Weight = weights?[i] ?? 1f / parts.Count })]);
    }

    private static List<HybridPart> Parts(Interactions data, HybridOptions options, FitContext context)
    {
        List<HybridPart> parts = [HybridPart.Of(ImplicitAls.Fit(data, options.Als, context), 1), HybridPart.Of(ItemKnn.Fit(data, options.Knn, context), 1)];
        if (data.Items.Count <= options.Ease.MaximumItems)
        {
            parts.Add(HybridPart.Of(Ease.Fit(data, options.Ease, context), 1));
        }

        return parts;
    }

    private static float[] Weights(InnerSearch search, List<HybridPart> parts) => Shares(parts.Count, Fifths)
        .Select(shares => Array.ConvertAll(shares, s => s / (float)Fifths))
        .MaxBy(w => search.Ndcg(new HybridModel([.. parts.Select((p, i) => p with { Weight = w[i] })])))!;

    /// <summary>All ways to give a sum to a number of parts, in whole shares.</summary>
    private static IEnumerable<int[]> Shares(int parts, int sum) => parts == 1
        ? [[sum]]
        : Enumerable.Range(0, sum + 1).SelectMany(first => Shares(parts - 1, sum - first).Select(rest => (int[])[first, .. rest]));
}

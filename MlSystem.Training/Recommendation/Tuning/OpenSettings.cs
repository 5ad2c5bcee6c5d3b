using MlSystem.Training.Recommendation.Data;
using MlSystem.Training.Recommendation.Factorization;
using MlSystem.Training.Recommendation.Models;
using MlSystem.Training.Recommendation.Neighbours;

namespace MlSystem.Training.Recommendation.Tuning;

/// <summary>Fills the settings that are open (null) by an inner hold-out; given ones stay.</summary>
internal static class OpenSettings
{
    public static ImplicitAlsOptions Of(Interactions data, ImplicitAlsOptions options, FitContext context)
    {
        if (options is { Alpha: not null, Regularisation: not null })
        {
            return options;
        }

        var search = new InnerSearch(data, context);
        double[] alphas = options.Alpha is { } alpha ? [alpha] : [0.3, 1, 3, 10, 30];
        // The best λ grows with α: their ratio has its optimum at much the same place for every α, which makes the search one of two independent axes.
        var size = Math.Pow(Math.Sqrt((double)data.Users.Count * data.Items.Count), options.RegularisationExponent);
        double[] ratios = [0.1, 0.3, 1, 2, 4, 7, 10, 15, 20, 30, 60];
        ImplicitAlsOptions With(double[] at) => options with { Alpha = at[0], Regularisation = options.Regularisation ?? at[1] * at[0] / size };
        return With(search.Climb([alphas, options.Regularisation is null ? ratios : [1]], (d, at, c) => ImplicitAls.Fit(d, With(at), c)));
    }

    public static EaseOptions Of(Interactions data, EaseOptions options, FitContext context)
    {
        if (options.Regularisation is not null)
        {
            return options;
        }

        var search = new InnerSearch(data, context);
        EaseOptions With(double[] at) => options with { Regularisation = at[0] };
        return With(search.Climb([[10, 30, 100, 200, 300, 500, 1000, 3000]], (d, at, c) => Ease.Fit(d, With(at), c)));
    }

    public static KnnOptions Of(Interactions data, KnnOptions options, FitContext context, bool users)
    {
        if (options is { Neighbours: not null, Shrinkage: not null, Weighting: not null })
        {
            return options;
        }

        var search = new InnerSearch(data, context);
        double[] neighbours = options.Neighbours is { } count ? [count] : [20, 50, 100, 200, 400];
        double[] shrinkages = options.Shrinkage is { } given ? [given] : [0, 5, 20, 100];
        double[] weightings = options.Weighting is { } weighting ? [(double)weighting]
            : Array.Exists(data.ByUser.Values, v => v <= 0) ? [(double)ValueWeighting.Binary] : [(double)ValueWeighting.Binary, (double)ValueWeighting.Linear];
        KnnOptions With(double[] at) => options with { Neighbours = (int)at[0], Shrinkage = at[1], Weighting = (ValueWeighting)(int)at[2] };
        return With(search.Climb([neighbours, shrinkages, weightings], (d, at, c) => users ? UserKnn.Fit(d, With(at), c) : ItemKnn.Fit(d, With(at), c)));
    }
}

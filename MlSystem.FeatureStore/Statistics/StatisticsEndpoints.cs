using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Ingestion;
using MlSystem.FeatureStore.Materialization;

namespace MlSystem.FeatureStore.Statistics;

/// <summary><c>GET /api/feature-views/{view}/statistics</c>.</summary>
public static class StatisticsEndpoints
{
    public static IEndpointRouteBuilder MapStatistics(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/feature-views/{view}/statistics", GetAsync).WithTags("Statistics").AddEndpointFilter<ProblemFilter>().Produces<ViewStatistics>()
            .WithSummary("Statistics of each feature over offline rows with from <= event time < to, the state of the view's rules, and a baseline for drift; bins (20, 2 to 1000), top (20, 1 to 1000).");
        return routes;
    }

    private static async Task<IResult> GetAsync(
        string view, CatalogStore catalog, StatisticsReader reader, CancellationToken cancellationToken, string? from = null, string? to = null, int bins = 20, int top = 20)
    {
        if (!catalog.Current.Views.TryGetValue(view, out var found) && !(await catalog.RefreshAsync(cancellationToken)).Views.TryGetValue(view, out found))
        {
            return TypedResults.Problem($"There is no feature view '{view}'.", statusCode: StatusCodes.Status404NotFound);
        }

        var errors = new Dictionary<string, string[]>(StringComparer.Ordinal);
        var request = new StatisticsRequest(Time("from", from, errors), Time("to", to, errors), bins, top);
        if (bins is < 2 or > 1000)
        {
            errors["bins"] = ["2 to 1000 are allowed."];
        }

        if (top is < 1 or > 1000)
        {
            errors["top"] = ["1 to 1000 are allowed."];
        }

        if (request.FromUs >= request.ToUs)
        {
            errors["from"] = ["from is not before to."];
        }

        return errors.Count > 0 ? TypedResults.ValidationProblem(errors) : TypedResults.Ok(await reader.ReadAsync(found, request, cancellationToken));
    }

    private static long? Time(string name, string? text, Dictionary<string, string[]> errors)
    {
        if (text is null)
        {
            return null;
        }

        if (ValueReader.Time(text, out var us) is { } error)
        {
            errors[name] = [error];
        }

        return us;
    }
}

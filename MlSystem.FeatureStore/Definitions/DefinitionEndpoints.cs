using Microsoft.AspNetCore.Http.HttpResults;

namespace MlSystem.FeatureStore.Definitions;

/// <summary>Native definition API under <c>/api</c>.</summary>
public static class DefinitionEndpoints
{
    public static IEndpointRouteBuilder MapDefinitions(this IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("/api").WithTags("Definitions");
        api.MapPost("/apply", ApplyAsync).WithSummary("Creates or changes definitions, all or nothing; plan_only=true only tells what would change.");
        api.MapGet("/entities", Entities);
        api.MapGet("/feature-views", Views);
        api.MapGet("/feature-views/{view}", View);
        api.MapGet("/feature-services", Services);
        api.MapGet("/feature-services/{service}", Service);
        return routes;
    }

    private static async Task<Results<Ok<ApplyResult>, ValidationProblem>> ApplyAsync(
        DefinitionSet definitions, CatalogStore catalog, HttpContext http, CancellationToken cancellationToken, bool plan_only = false)
    {
        try
        {
            return TypedResults.Ok(await catalog.ApplyAsync(definitions, http.User.Identity?.Name ?? "anonymous", plan_only, cancellationToken));
        }
        catch (InvalidDefinitionsException invalid)
        {
            var errors = invalid.Errors.GroupBy(error => error.Path, error => error.Message, StringComparer.Ordinal)
                .ToDictionary(group => group.Key, group => group.ToArray(), StringComparer.Ordinal);
            return TypedResults.ValidationProblem(errors, detail: "Nothing was applied.", title: invalid.Message);
        }
    }

    private static Ok<EntityList> Entities(CatalogStore catalog) =>
        TypedResults.Ok(new EntityList([.. catalog.Current.Entities.Values.OrderBy(entity => entity.Name, StringComparer.Ordinal).Select(entity => entity.Definition)]));

    private static Ok<FeatureViewList> Views(CatalogStore catalog) =>
        TypedResults.Ok(new FeatureViewList([.. catalog.Current.Views.Values.OrderBy(view => view.Name, StringComparer.Ordinal).Select(Answer)]));

    private static Results<Ok<FeatureViewAnswer>, ProblemHttpResult> View(string view, CatalogStore catalog) =>
        catalog.Current.Views.TryGetValue(view, out var found)
            ? TypedResults.Ok(Answer(found))
            : TypedResults.Problem($"There is no feature view '{view}'.", statusCode: StatusCodes.Status404NotFound);

    private static Ok<FeatureServiceList> Services(CatalogStore catalog) =>
        TypedResults.Ok(new FeatureServiceList([.. catalog.Current.Services.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => Answer(pair.Value[^1]))]));

    private static Results<Ok<FeatureServiceAnswer>, ProblemHttpResult> Service(string service, CatalogStore catalog, int? version = null) =>
        catalog.Current.Service(service, version) is { } found
            ? TypedResults.Ok(Answer(found))
            : TypedResults.Problem(
                version is null ? $"There is no feature service '{service}'." : $"There is no feature service '{service}' version {version}.",
                statusCode: StatusCodes.Status404NotFound);

    private static FeatureViewAnswer Answer(FeatureView view) => new(view.Name, view.Version, view.Definition, Fields(view.JoinKeys));

    private static FeatureServiceAnswer Answer(FeatureService service) => new(
        service.Name,
        service.Version,
        [.. service.Features.Select(feature => new ServiceFeatureAnswer(feature.View, feature.Feature, feature.Name, feature.Datatype.Name()))],
        Fields(service.JoinKeys));

    private static IReadOnlyList<FieldDefinition> Fields(IReadOnlyList<Field> fields) =>
        [.. fields.Select(field => new FieldDefinition { Name = field.Name, Datatype = field.Datatype.Name() })];
}

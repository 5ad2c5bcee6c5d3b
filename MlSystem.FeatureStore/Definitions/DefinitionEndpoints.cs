using Microsoft.AspNetCore.Http.HttpResults;

namespace MlSystem.FeatureStore.Definitions;

/// <summary>Native definition API under <c>/api</c>.</summary>
public static class DefinitionEndpoints
{
    public static IEndpointRouteBuilder MapDefinitions(this IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("/api").WithTags("Definitions");
        api.MapApply();
        api.MapGet("/entities", Entities);
        api.MapGet("/sources", Sources);
        api.MapGet("/feature-views", Views);
        api.MapGet("/feature-views/{view}", View);
        api.MapGet("/stream-feature-views", StreamViews);
        api.MapGet("/stream-feature-views/{view}", StreamView);
        api.MapGet("/on-demand-feature-views", OnDemandViews);
        api.MapGet("/on-demand-feature-views/{view}", OnDemandView);
        api.MapGet("/feature-services", Services);
        api.MapGet("/feature-services/{service}", Service);
        return routes;
    }

    private static Ok<EntityList> Entities(CatalogStore catalog) =>
        TypedResults.Ok(new EntityList([.. Ordered(catalog.Current.Entities).Select(entity => entity.Definition)]));

    private static Ok<SourceList> Sources(CatalogStore catalog) =>
        TypedResults.Ok(new SourceList([.. Ordered(catalog.Current.Sources).Select(source => source.Definition)]));

    private static Ok<FeatureViewList> Views(CatalogStore catalog) => TypedResults.Ok(new FeatureViewList([.. Ordered(catalog.Current.Views).Select(Answer)]));

    private static Results<Ok<FeatureViewAnswer>, ProblemHttpResult> View(string view, CatalogStore catalog) =>
        catalog.Current.Views.TryGetValue(view, out var found) ? TypedResults.Ok(Answer(found)) : Unknown($"There is no feature view '{view}'.");

    private static Ok<StreamFeatureViewList> StreamViews(CatalogStore catalog) =>
        TypedResults.Ok(new StreamFeatureViewList([.. Ordered(catalog.Current.StreamViews).Select(Answer)]));

    private static Results<Ok<StreamFeatureViewAnswer>, ProblemHttpResult> StreamView(string view, CatalogStore catalog) =>
        catalog.Current.StreamViews.TryGetValue(view, out var found) ? TypedResults.Ok(Answer(found)) : Unknown($"There is no stream feature view '{view}'.");

    private static Ok<OnDemandFeatureViewList> OnDemandViews(CatalogStore catalog) =>
        TypedResults.Ok(new OnDemandFeatureViewList([.. Ordered(catalog.Current.OnDemandViews).Select(versions => Answer(versions[^1]))]));

    private static Results<Ok<OnDemandFeatureViewAnswer>, ProblemHttpResult> OnDemandView(string view, CatalogStore catalog, int? version = null) =>
        catalog.Current.OnDemandView(view, version) is { } found
            ? TypedResults.Ok(Answer(found))
            : Unknown(version is null ? $"There is no on-demand feature view '{view}'." : $"There is no on-demand feature view '{view}' version {version}.");

    private static Ok<FeatureServiceList> Services(CatalogStore catalog) =>
        TypedResults.Ok(new FeatureServiceList([.. Ordered(catalog.Current.Services).Select(versions => Answer(catalog.Current, versions[^1]))]));

    private static Results<Ok<FeatureServiceAnswer>, ProblemHttpResult> Service(string service, CatalogStore catalog, int? version = null) =>
        catalog.Current.Service(service, version) is { } found
            ? TypedResults.Ok(Answer(catalog.Current, found))
            : Unknown(version is null ? $"There is no feature service '{service}'." : $"There is no feature service '{service}' version {version}.");

    private static IEnumerable<T> Ordered<T>(IReadOnlyDictionary<string, T> definitions) => definitions.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => pair.Value);

    private static ProblemHttpResult Unknown(string message) => TypedResults.Problem(message, statusCode: StatusCodes.Status404NotFound);

    private static FeatureViewAnswer Answer(FeatureView view) => new(view.Name, view.Version, view.Definition, Fields(view.JoinKeys));

    private static StreamFeatureViewAnswer Answer(StreamFeatureView view) => new(view.Name, view.Version, view.Definition, Fields(view.View.Features), Fields(view.View.JoinKeys));

    private static OnDemandFeatureViewAnswer Answer(OnDemandView view) => new(
        view.Name, view.Version, view.Definition,
        [.. view.Program.Inputs.Select(input => new StoredInput(input.Source, input.Field.Name, input.Field.Datatype.Name(), input.IsRequest ? true : null))]);

    private static FeatureServiceAnswer Answer(Catalog catalog, FeatureService service)
    {
        var sensitive = SensitiveColumns.Of(catalog, service);
        return new FeatureServiceAnswer(
            service.Name,
            service.Version,
            [.. service.Features.Select(feature => new ServiceFeatureAnswer(feature.View, feature.Feature, feature.Name, feature.Datatype.Name(), feature.OnDemandVersion))],
            Fields(service.JoinKeys),
            service.RequestColumns.Count == 0 ? null : Fields(service.RequestColumns),
            sensitive.Count == 0 ? null : sensitive);
    }

    private static IReadOnlyList<FieldDefinition> Fields(IReadOnlyList<Field> fields) =>
        [.. fields.Select(field => new FieldDefinition { Name = field.Name, Datatype = field.Datatype.Name() })];
}

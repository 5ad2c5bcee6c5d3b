using System.Text.Json;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Feast;
using MlSystem.FeatureStore.Quality;

namespace MlSystem.FeatureStore.Ingestion;

/// <summary>Answer of a push whose rows came in although rules of their views warn of some values, or without rows of erased entities; else it is <c>null</c>.</summary>
/// <param name="WarningCount">Values.</param>
/// <param name="Warnings">The first of them.</param>
/// <param name="ErasedRows">Rows that were left out, because their entity was erased after their event time.</param>
public sealed record PushWarnings(long WarningCount, IReadOnlyList<RuleWarning> Warnings, int ErasedRows);

/// <summary>Feast's <c>POST /push</c> and <c>POST /write-to-online-store</c>. Answers <c>null</c> once the rows are durable and, where online, readable.</summary>
public static class PushEndpoints
{
    public static IEndpointRouteBuilder MapPush(this IEndpointRouteBuilder routes)
    {
        var feast = routes.MapGroup("").WithTags("Feast").AddEndpointFilter<FeastErrorFilter>();
        feast.MapPost("/push", PushAsync);
        feast.MapPost("/write-to-online-store", WriteToOnlineStoreAsync);
        return routes;
    }

    private static async Task<IResult> PushAsync(HttpContext http, CatalogStore catalog, RowIngestion ingestion, RowClock clock, FeatureStoreMetrics metrics, CancellationToken cancellationToken)
    {
        using var body = await JsonBody.ReadAsync(http, cancellationToken);
        var issues = new List<FeastIssue>();
        var source = JsonBody.Text(body.RootElement, "push_source_name", issues);
        var target = JsonBody.Text(body.RootElement, "to", issues, required: false, fallback: "online");
        var columns = JsonBody.Object(body.RootElement, "df", issues);
        if (target is not ("online" or "offline" or "online_and_offline"))
        {
            issues.Add(FeastIssue.At("literal_error", $"'{target}' is not allowed; expected online, offline or online_and_offline", "to"));
        }

        JsonBody.ThrowIfAny(issues);
        var views = Views(catalog.Current, source!);
        if (views.Count == 0)
        {
            views = Views(await catalog.RefreshAsync(cancellationToken), source!);
        }

        if (views.Count == 0 && catalog.Current.StreamViews.TryGetValue(source!, out var stream))
        {
            throw new FeastException(StatusCodes.Status422UnprocessableEntity, StreamWrites.Refusal(stream.View));
        }

        if (views.Count == 0)
        {
            throw new FeastException(StatusCodes.Status422UnprocessableEntity, $"Unable to find push source '{source}', or no feature view uses it.");
        }

        return await IngestAsync(columns!.Value, views, target is not "offline", target is not "online", ingestion, clock, metrics, cancellationToken);
    }

    private static async Task<IResult> WriteToOnlineStoreAsync(HttpContext http, CatalogStore catalog, RowIngestion ingestion, RowClock clock, FeatureStoreMetrics metrics, CancellationToken cancellationToken)
    {
        using var body = await JsonBody.ReadAsync(http, cancellationToken);
        var issues = new List<FeastIssue>();
        var name = JsonBody.Text(body.RootElement, "feature_view_name", issues);
        var columns = JsonBody.Object(body.RootElement, "df", issues);
        JsonBody.ThrowIfAny(issues);
        var view = catalog.Current.Views.GetValueOrDefault(name!)
            ?? (await catalog.RefreshAsync(cancellationToken)).Views.GetValueOrDefault(name!)
            ?? throw FeastException.NotFound($"Feature view {name} does not exist");
        if (view.Stream is not null)
        {
            throw new FeastException(StatusCodes.Status422UnprocessableEntity, StreamWrites.Refusal(view));
        }

        if (!view.Definition.Online)
        {
            throw new FeastException(StatusCodes.Status422UnprocessableEntity, $"Feature view {name} is not online");
        }

        return await IngestAsync(columns!.Value, [view], online: true, offline: false, ingestion, clock, metrics, cancellationToken);
    }

    private static List<FeatureView> Views(Catalog catalog, string source) =>
        [.. catalog.Views.Values.Where(view =>
            view.Definition.Source == source && catalog.Sources.TryGetValue(source, out var known) && known.Definition.Kind == SourceKind.Push)];

    private static async Task<IResult> IngestAsync(
        JsonElement columns, IReadOnlyList<FeatureView> views, bool online, bool offline, RowIngestion ingestion, RowClock clock, FeatureStoreMetrics metrics, CancellationToken cancellationToken)
    {
        var frame = DataFrame.Read(columns);
        var rows = views.SelectMany(view => frame.RowsOf(view, online, offline, clock)).ToArray();
        if (frame.Errors.Count > 0)
        {
            throw new FeastException([.. frame.Errors.Distinct().Select(error => error.Row is { } row
                ? FeastIssue.At("value_error", $"{error.Column}[{row}]: {error.Message}", "df", error.Column, row)
                : FeastIssue.At("value_error", $"{error.Column}: {error.Message}", "df", error.Column))]);
        }

        int erased;
        try
        {
            erased = await ingestion.IngestAsync(rows, cancellationToken);
        }
        catch (RowTooLargeException error)
        {
            throw new FeastException(StatusCodes.Status413PayloadTooLarge, error.Message);
        }

        if (frame.Warnings.Count == 0 && erased == 0)
        {
            return Results.Text("null", "application/json");
        }

        metrics.RuleWarnings.Add(frame.Warnings.Count);
        return Results.Json(new PushWarnings(frame.Warnings.Count, frame.Warnings.Warnings, erased), IngestionJson.Default.PushWarnings);
    }
}

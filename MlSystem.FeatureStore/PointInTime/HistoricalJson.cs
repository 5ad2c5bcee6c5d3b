using System.Text.Json;
using DuckDB.NET.Data;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.PointInTime.Entities;

namespace MlSystem.FeatureStore.PointInTime;

/// <summary>A historical read and how to load its rows.</summary>
internal sealed record JsonRead(HistoricalRequest Request, Func<DuckDBConnection, CancellationToken, Task<EntityTable>> Load);

/// <summary>Body of a historical read in JSON.</summary>
internal static class HistoricalJson
{
    private static readonly string[] Members = ["entity_df", "label_source", "feature_service", "version", "features", "event_timestamp_column", "full_feature_names"];

    /// <exception cref="HistoricalRefusedException">With every mistake but those of the rows' values.</exception>
    public static JsonRead Read(JsonElement body, Catalog catalog, LabelSources sources)
    {
        var mistakes = new Dictionary<string, string[]>(StringComparer.Ordinal);
        foreach (var unknown in body.EnumerateObject().Where(member => !Members.Contains(member.Name)))
        {
            mistakes[unknown.Name] = [$"There is no such member; allowed: {string.Join(' ', Members)}."];
        }

        var (load, timeColumn) = Rows(body, catalog, sources, mistakes);
        var selection = Selection(body, timeColumn, mistakes);
        HistoricalRequest? request = null;
        var status = StatusCodes.Status422UnprocessableEntity;
        try
        {
            request = HistoricalPlan.Of(catalog, selection);
        }
        catch (HistoricalRefusedException refused)
        {
            // What does not exist is 404 only if nothing else is wrong.
            status = mistakes.Count == 0 ? refused.Status : status;
            foreach (var (place, messages) in refused.Errors)
            {
                mistakes.TryAdd(place, messages);
            }
        }

        return mistakes.Count == 0 ? new JsonRead(request!, (connection, cancellationToken) => load!(request!, connection, cancellationToken))
            : throw new HistoricalRefusedException(status, mistakes);
    }

    private static (Func<HistoricalRequest, DuckDBConnection, CancellationToken, Task<EntityTable>>? Load, string? TimeColumn) Rows(
        JsonElement body, Catalog catalog, LabelSources sources, Dictionary<string, string[]> mistakes)
    {
        var (hasRows, hasSource) = (body.TryGetProperty("entity_df", out var rows), body.TryGetProperty("label_source", out var source));
        if (hasRows == hasSource)
        {
            mistakes["entity_df"] = ["Exactly one of entity_df (an object of columns: {\"column\": [value, …], …}) and label_source is required."];
            return default;
        }

        if (hasSource)
        {
            var view = source.ValueKind == JsonValueKind.Object && source.TryGetProperty("feature_view", out var name) ? catalog.Views.GetValueOrDefault(name.ToString()) : null;
            return (sources.Find(source, catalog, mistakes), view?.Definition.EventTimestampColumn);
        }

        if (rows.ValueKind != JsonValueKind.Object)
        {
            mistakes["entity_df"] = ["An object of columns is required: {\"column\": [value, …], …}."];
        }

        return ((request, connection, cancellationToken) => JsonEntities.LoadAsync(connection, request, rows, cancellationToken), null);
    }

    private static FeatureSelection Selection(JsonElement body, string? timeColumn, Dictionary<string, string[]> mistakes)
    {
        var version = body.TryGetProperty("version", out var number) && number.ValueKind == JsonValueKind.Number && number.TryGetInt32(out var value) ? value : (int?)null;
        if (version is null && number.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null))
        {
            mistakes["version"] = ["A whole number is required."];
        }

        var hasFull = body.TryGetProperty("full_feature_names", out var full) && full.ValueKind != JsonValueKind.Null;
        if (hasFull && full.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
        {
            mistakes["full_feature_names"] = ["true or false is required."];
        }

        string[]? references = null;
        if (body.TryGetProperty("features", out var features) && features.ValueKind != JsonValueKind.Null)
        {
            references = features.ValueKind == JsonValueKind.Array ? [.. features.EnumerateArray().Select(feature => feature.ToString())] : [];
            if (references.Length == 0)
            {
                mistakes["features"] = ["A list of \"view:feature\" is required."];
            }
        }

        return new FeatureSelection(
            Text(body, "feature_service", mistakes), version, references, Text(body, "event_timestamp_column", mistakes) ?? timeColumn ?? "event_timestamp",
            hasFull && full.ValueKind == JsonValueKind.True);
    }

    private static string? Text(JsonElement body, string name, Dictionary<string, string[]> mistakes)
    {
        if (!body.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.String)
        {
            mistakes[name] = ["Text is required."];
            return null;
        }

        return value.GetString();
    }
}

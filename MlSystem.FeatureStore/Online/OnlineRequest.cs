using System.Text.Json;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Feast;
using MlSystem.FeatureStore.Ingestion;

namespace MlSystem.FeatureStore.Online;

/// <summary>Body of Feast's <c>POST /get-online-features</c>, checked against the catalog.</summary>
/// <param name="Entities">Columns of the request by name as it was sent, in its order: they lead the answer.</param>
public sealed record OnlineRequest(OnlineQuery Query, IReadOnlyList<(string Name, Datatype Datatype, FeatureValue[] Values)> Entities)
{
    /// <exception cref="FeastException">Every mistake of the body.</exception>
    public static OnlineRequest Read(JsonElement body, Catalog catalog, int maxEntities)
    {
        var issues = new List<FeastIssue>();
        var service = JsonBody.Text(body, "feature_service", issues, required: false);
        var entities = JsonBody.Object(body, "entities", issues);
        var references = service is null ? References(body, issues) : [];
        var fullNames = body.TryGetProperty("full_feature_names", out var full) && full.ValueKind == JsonValueKind.True;
        JsonBody.ThrowIfAny(issues);

        var plan = service is null
            ? OnlinePlan.OfReferences(catalog, references, fullNames)
            : OnlinePlan.OfService(catalog, service, version: null, subset: [], fullNames);
        var requestColumns = OnlineRequestData.Read(entities!.Value, plan, issues, maxEntities);
        var columns = Columns(entities!.Value, catalog, requestColumns, issues, maxEntities);
        var keys = columns.ToDictionary(column => column.Key, column => column.Values, StringComparer.Ordinal);
        foreach (var missing in plan.JoinKeys.Where(key => !keys.ContainsKey(key.Name)))
        {
            issues.Add(FeastIssue.At("missing", $"Missing join key values for key '{missing.Name}'", "entities", missing.Name));
        }

        JsonBody.ThrowIfAny(issues);
        var query = new OnlineQuery
        {
            Views = plan.Views,
            Columns = plan.Columns,
            Computations = plan.Computations,
            RequestColumns = requestColumns,
            Keys = keys,
            Rows = columns.Select(column => column.Values).Concat(requestColumns.Values).FirstOrDefault()?.Length ?? 0,
        };
        return new OnlineRequest(query, [.. columns.Select(column => (column.Key, column.Datatype, column.Values))]);
    }

    private static List<string> References(JsonElement body, List<FeastIssue> issues)
    {
        var references = new List<string>();
        if (!body.TryGetProperty("features", out var features) || features.ValueKind != JsonValueKind.Array)
        {
            issues.Add(FeastIssue.At("missing", "Field required: 'features' (a list of \"view:feature\") or 'feature_service'", "features"));
            return references;
        }

        foreach (var (position, feature) in features.EnumerateArray().Index())
        {
            if (feature.ValueKind == JsonValueKind.String)
            {
                references.Add(feature.GetString()!);
            }
            else
            {
                issues.Add(FeastIssue.At("string_type", "Input should be a valid string", "features", position));
            }
        }

        return references;
    }

    private static List<(string Key, Datatype Datatype, FeatureValue[] Values)> Columns(
        JsonElement entities, Catalog catalog, Dictionary<string, FeatureValue[]> requestColumns, List<FeastIssue> issues, int maxEntities)
    {
        var columns = new List<(string Key, Datatype Datatype, FeatureValue[] Values)>();
        var unknown = new List<string>();
        foreach (var property in entities.EnumerateObject())
        {
            if (JoinKey(catalog, property.Name) is not { } field)
            {
                if (!requestColumns.ContainsKey(property.Name) && !OnlineRequestData.IsKnown(catalog, property.Name))
                {
                    unknown.Add($"Entity {property.Name} does not exist");
                }
            }
            else if (property.Value.ValueKind != JsonValueKind.Array)
            {
                issues.Add(FeastIssue.At("list_type", "Input should be a valid list", "entities", property.Name));
            }
            else if (columns.Exists(column => column.Key == field.Name))
            {
                issues.Add(FeastIssue.At("value_error", $"Join key '{field.Name}' is given twice", "entities", property.Name));
            }
            else
            {
                columns.Add((field.Name, field.Datatype, Values(property, field, issues, maxEntities)));
            }
        }

        if (unknown.Count > 0)
        {
            throw FeastException.NotFound(string.Join("; ", unknown));
        }

        var lengths = columns.Select(column => (column.Key, column.Values.Length)).Concat(requestColumns.Select(column => (column.Key, column.Value.Length))).ToList();
        foreach (var (key, length) in lengths.Where(column => column.Length != lengths[0].Length))
        {
            issues.Add(FeastIssue.At("value_error", $"'{key}' has {length} values, '{lengths[0].Key}' has {lengths[0].Length}", "entities", key));
        }

        return columns;
    }

    /// <summary>Feast takes a join key's name, or an entity's where it has one join key.</summary>
    private static Field? JoinKey(Catalog catalog, string name) =>
        catalog.Entities.Values.SelectMany(entity => entity.JoinKeys).FirstOrDefault(key => key.Name == name)
        ?? (catalog.Entities.TryGetValue(name, out var entity) && entity.JoinKeys.Count == 1 ? entity.JoinKeys[0] : null);

    private static FeatureValue[] Values(JsonProperty column, Field field, List<FeastIssue> issues, int maxEntities)
    {
        if (column.Value.GetArrayLength() > maxEntities)
        {
            throw new FeastException(StatusCodes.Status413PayloadTooLarge, $"The request has {column.Value.GetArrayLength()} entities; allowed are {maxEntities}.");
        }

        var values = new FeatureValue[column.Value.GetArrayLength()];
        var row = 0;
        foreach (var value in column.Value.EnumerateArray())
        {
            if (ValueReader.FromJson(field.Datatype, value, out values[row]) is { } error)
            {
                issues.Add(FeastIssue.At("value_error", error, "entities", column.Name, row));
            }
            else if (!values[row].HasValue)
            {
                issues.Add(FeastIssue.At("value_error", "A join key is required", "entities", column.Name, row));
            }

            row++;
        }

        return values;
    }
}

using System.Text.Json;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Feast;
using MlSystem.FeatureStore.Ingestion;
using MlSystem.Features.V1;

namespace MlSystem.FeatureStore.Online;

/// <summary>Columns of a request that on-demand features are computed from. They may be null.</summary>
internal static class OnlineRequestData
{
    /// <summary>Whether some request source has such a column: a request may bring along what the wanted features don't use.</summary>
    public static bool IsKnown(Catalog catalog, string column) =>
        catalog.Sources.Values.Any(source => source.Definition is { Kind: SourceKind.Request, Columns: { } columns } && columns.Any(known => known.Name == column));

    /// <summary>As in Feast they stand among the entities.</summary>
    public static Dictionary<string, FeatureValue[]> Read(JsonElement entities, OnlinePlan plan, List<FeastIssue> issues, int maxEntities)
    {
        var columns = new Dictionary<string, FeatureValue[]>(StringComparer.Ordinal);
        foreach (var field in plan.RequestColumns)
        {
            if (!entities.TryGetProperty(field.Name, out var json) || json.ValueKind != JsonValueKind.Array)
            {
                issues.Add(FeastIssue.At("missing", $"Required request data '{field.Name}' ({field.Datatype.Name()}) not found in the entity rows", "entities", field.Name));
                continue;
            }

            if (json.GetArrayLength() > maxEntities)
            {
                throw new FeastException(StatusCodes.Status413PayloadTooLarge, $"The request has {json.GetArrayLength()} entities; allowed are {maxEntities}.");
            }

            var values = columns[field.Name] = new FeatureValue[json.GetArrayLength()];
            var row = 0;
            foreach (var value in json.EnumerateArray())
            {
                if (ValueReader.FromJson(field.Datatype, value, out values[row]) is { } error)
                {
                    issues.Add(FeastIssue.At("value_error", error, "entities", field.Name, row));
                }

                row++;
            }
        }

        return columns;
    }

    public static Dictionary<string, FeatureValue[]> Read(GetOnlineFeaturesRequest request, OnlinePlan plan, int maxEntities, List<string> mistakes)
    {
        var columns = new Dictionary<string, FeatureValue[]>(StringComparer.Ordinal);
        foreach (var field in plan.RequestColumns)
        {
            var given = request.RequestColumns.Where(column => column.Values?.Name == field.Name).ToArray();
            if (given.Length != 1)
            {
                mistakes.Add($"request column '{field.Name}' ({field.Datatype.Name()}) is {(given.Length == 0 ? "missing" : "given twice")}");
                continue;
            }

            var (values, nulls) = (given[0].Values, given[0].Nulls);
            columns[field.Name] = field.Datatype.IsList() ? GrpcLists.Read(values, field, nulls, mistakes)
                : field.Datatype == Datatype.Timestamp && values.ValuesCase == Column.ValuesOneofCase.Int64S
                    ? [.. values.Int64S.Values.Select((us, row) => row < nulls.Count && nulls[row] ? FeatureValue.Missing : FeatureValue.Of(us))]
                : GrpcJoinKeys.Values(values, field, maxEntities, "request column", mistakes, nulls);
            if (columns[field.Name].Length > maxEntities)
            {
                throw new FeastException(StatusCodes.Status413PayloadTooLarge, $"The request has {columns[field.Name].Length} entities; allowed are {maxEntities}.");
            }
        }

        return columns;
    }
}

using System.Globalization;
using System.Text.Json;
using DuckDB.NET.Data;
using Microsoft.Extensions.Options;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Ingestion;
using MlSystem.FeatureStore.Ingestion.Sources;
using MlSystem.FeatureStore.Offline;
using MlSystem.ServiceDefaults.Storage;

namespace MlSystem.FeatureStore.PointInTime.Entities;

/// <summary>
/// Entity rows that the server has itself: <c>{"file": path}</c> (Parquet, CSV or Arrow stream below the folder of file sources), <c>{"source": name}</c> (a defined
/// file or table source), or <c>{"feature_view": name, "columns"?, "start"?, "end"?}</c> (each row of a view, its event time as label time).
/// </summary>
public sealed class LabelSources(OfflineManifest manifest, SourceConnections connections, DataDirectory data, IOptions<FeatureStoreOptions> options)
{
    /// <summary>How to load the rows, or an entry in <paramref name="mistakes"/>.</summary>
    public Func<HistoricalRequest, DuckDBConnection, CancellationToken, Task<EntityTable>>? Find(JsonElement source, Catalog catalog, Dictionary<string, string[]> mistakes)
    {
        var members = source.ValueKind == JsonValueKind.Object ? source.EnumerateObject().ToDictionary(member => member.Name, member => member.Value, StringComparer.Ordinal) : [];
        var unknown = members.Keys.Except(["file", "source", "feature_view", "columns", "start", "end"], StringComparer.Ordinal).ToArray();
        if (unknown.Length > 0 || members.Keys.Count(name => name is "file" or "source" or "feature_view") != 1)
        {
            mistakes["label_source"] = ["Exactly one of file, source and feature_view is required; a feature_view may have columns, start and end.", .. unknown.Select(name => $"There is no member '{name}'.")];
            return null;
        }

        return members.TryGetValue("feature_view", out var view) ? OfView(view, members, catalog, mistakes)
            : members.TryGetValue("file", out var file) ? OfFile("label_source.file", file.ToString(), mistakes)
            : OfSource(members["source"].ToString(), catalog, mistakes);
    }

    private Func<HistoricalRequest, DuckDBConnection, CancellationToken, Task<EntityTable>>? OfSource(string name, Catalog catalog, Dictionary<string, string[]> mistakes)
    {
        if (catalog.Sources.TryGetValue(name, out var table) && table.Definition.Kind == SourceKind.Table)
        {
            return (request, connection, cancellationToken) => TableEntities.LoadAsync(connection, request, connections, table.Definition, cancellationToken);
        }

        if (catalog.Sources.TryGetValue(name, out var source) && source.Definition is { Kind: SourceKind.File, Path: { } path })
        {
            return OfFile("label_source.source", path, mistakes);
        }

        mistakes["label_source.source"] = [source is null ? $"There is no source '{name}'." : $"Source '{name}' is of kind {source.Definition.Kind}; labels are read from kinds {SourceKind.File} and {SourceKind.Table}."];
        return null;
    }

    private Func<HistoricalRequest, DuckDBConnection, CancellationToken, Task<EntityTable>>? OfFile(string place, string relative, Dictionary<string, string[]> mistakes)
    {
        var folder = Path.GetFullPath(options.Value.FileSourceDirectory ?? Path.Combine(data.Own, "sources"));
        var path = Path.GetFullPath(Path.Combine(folder, relative));
        if (!path.StartsWith(folder + Path.DirectorySeparatorChar, StringComparison.Ordinal) || !File.Exists(path))
        {
            mistakes[place] = [$"There is no file '{relative}' in the folder for file sources."];
            return null;
        }

        switch (Path.GetExtension(path).ToUpperInvariant())
        {
            case ".PARQUET":
                return (request, connection, cancellationToken) => FileEntities.LoadParquetAsync(connection, request, path, place, cancellationToken);
            case ".CSV":
                return (request, connection, cancellationToken) => FileEntities.LoadCsvAsync(connection, request, path, place, cancellationToken);
            case ".ARROW" or ".ARROWS":
                return async (request, connection, cancellationToken) =>
                {
                    await using var file = File.OpenRead(path);
                    return await ArrowEntities.LoadAsync(connection, request, file, cancellationToken);
                };
            default:
                mistakes[place] = [$"'{relative}' is of no known kind; allowed: .parquet .csv .arrow .arrows."];
                return null;
        }
    }

    private Func<HistoricalRequest, DuckDBConnection, CancellationToken, Task<EntityTable>>? OfView(
        JsonElement name, Dictionary<string, JsonElement> members, Catalog catalog, Dictionary<string, string[]> mistakes)
    {
        if (!catalog.Views.TryGetValue(name.ToString(), out var view))
        {
            mistakes["label_source.feature_view"] = [$"There is no feature view '{name}'."];
            return null;
        }

        var columns = view.Features.Select(field => field.Name).ToArray();
        if (members.TryGetValue("columns", out var wanted))
        {
            columns = wanted.ValueKind == JsonValueKind.Array ? [.. wanted.EnumerateArray().Select(column => column.ToString())] : [wanted.ToString()];
            if (columns.Where(column => view.IndexOf(column) < 0).Select(column => $"Feature view '{name}' has no feature '{column}'.").ToArray() is { Length: > 0 } unknown)
            {
                mistakes["label_source.columns"] = unknown;
            }
        }

        var (start, end) = (TimeUs("start", members, mistakes), TimeUs("end", members, mistakes));
        return async (request, connection, cancellationToken) =>
        {
            var range = new OfflineRange(start is { } from ? OfflineStore.DateOf(from) : null, end is { } to ? OfflineStore.DateOf(to) : null);
            using var snapshot = await manifest.SnapshotAsync(view.Name, [range], cancellationToken);
            return await EntityTable.LoadAsync(connection, request, Sql(view, columns, snapshot.Paths, start, end), cancellationToken);
        };
    }

    /// <summary>The newest row of every entity and event time.</summary>
    private static string Sql(FeatureView view, IReadOnlyList<string> columns, IReadOnlyList<string> paths, long? startUs, long? endUs)
    {
        var keys = string.Join(", ", view.JoinKeys.Select(key => DuckDb.Name(key.Name)));
        var selected = view.JoinKeys.Select(key => DuckDb.Name(key.Name))
            .Append($"make_timestamptz({OfflineColumns.EventUs}) AS {DuckDb.Name(view.Definition.EventTimestampColumn)}")
            .Concat(columns.Distinct(StringComparer.Ordinal).Select(column => Column(view, column)));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"(SELECT {string.Join(", ", selected)} FROM ({DuckDb.Rows(view, paths)}) WHERE {OfflineColumns.Offline} AND {OfflineColumns.EventUs} >= {startUs ?? long.MinValue + 1} AND {OfflineColumns.EventUs} <= {endUs ?? long.MaxValue} ")
            + $"QUALIFY row_number() OVER (PARTITION BY {keys}, {OfflineColumns.EventUs} ORDER BY {OfflineColumns.CreatedUs} DESC, {OfflineColumns.LoggedUs} DESC) = 1 "
            + $"ORDER BY {OfflineColumns.EventUs}, {keys})";
    }

    private static string Column(FeatureView view, string column) => view.Features[view.IndexOf(column)].Datatype == Datatype.Timestamp
        ? $"make_timestamptz({DuckDb.Name(column)}) AS {DuckDb.Name(column)}"
        : DuckDb.Name(column);

    private static long? TimeUs(string name, Dictionary<string, JsonElement> members, Dictionary<string, string[]> mistakes)
    {
        if (!members.TryGetValue(name, out var json) || json.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        if (ValueReader.Time(json, out var microseconds) is { } error)
        {
            mistakes[$"label_source.{name}"] = [error];
        }

        return microseconds;
    }
}

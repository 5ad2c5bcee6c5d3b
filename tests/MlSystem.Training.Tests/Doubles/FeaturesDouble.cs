using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace MlSystem.Training.Tests.Doubles;

/// <summary>The feature store as training needs it: definitions, CSV rows, point-in-time joins.</summary>
internal sealed class FeaturesDouble : ServiceDouble
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<(string View, string Key, DateTimeOffset Time), Dictionary<string, string>> _rows = [];
    private Definitions? _definitions;

    public int RowCount
    {
        get
        {
            lock (_lock)
            {
                return _rows.Count;
            }
        }
    }

    protected override void Map(WebApplication app)
    {
        app.MapPost("/api/apply", async (HttpContext context, CancellationToken _) =>
        {
            var definitions = await ReadAsync<Definitions>(context);
            lock (_lock)
            {
                _definitions = definitions;
            }

            return Results.Json(new { changes = Array.Empty<string>() });
        });
        app.MapGet("/api/feature-services/{name}", (string name, int? version) =>
            _definitions?.FeatureServices.FirstOrDefault(s => s.Name == name) is { } service && version is null or 1
                ? Results.Json(Answer(_definitions!, service), Strict)
                : Results.Problem($"There is no feature service '{name}'.", statusCode: 404));
        app.MapPost("/api/feature-views/{view}/rows", IngestAsync);
        app.MapPost("/api/historical-features", async (HttpContext context, CancellationToken _) => Results.Json(Join(await ReadAsync<Historical>(context)), Strict));
    }

    private async Task<IResult> IngestAsync(string view, HttpContext context)
    {
        if (context.Request.ContentType?.StartsWith("text/csv", StringComparison.Ordinal) != true)
        {
            return Results.Problem("The body must be text/csv.", statusCode: 415);
        }

        if (_definitions?.FeatureViews.FirstOrDefault(v => v.Name == view) is not { } definition)
        {
            return Results.Problem($"There is no feature view '{view}'.", statusCode: 404);
        }

        using var reader = new StreamReader(context.Request.Body);
        var lines = (await reader.ReadToEndAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split(',')).ToList();
        var header = lines[0];
        string[] expected = ["customer_id", .. definition.Features.Select(f => f.Name), definition.EventTimestampColumn];
        if (!header.ToHashSet().SetEquals(expected))
        {
            return Results.Problem($"The columns must be {string.Join(",", expected)}.", statusCode: 422);
        }

        lock (_lock)
        {
            foreach (var line in lines.Skip(1))
            {
                var row = header.Zip(line).ToDictionary(p => p.First, p => p.Second);
                _rows[(view, row["customer_id"], Time(row[definition.EventTimestampColumn]))] = row;
            }
        }

        return Results.Json(new { ingested = lines.Count - 1, skipped = 0, errors = Array.Empty<string>() });
    }

    private object Join(Historical question)
    {
        var service = _definitions!.FeatureServices.Single(s => s.Name == question.FeatureService);
        var features = Answer(_definitions, service).Features;
        var keys = question.EntityDf["customer_id"].Select(k => k.GetString()!).ToArray();
        var times = question.EntityDf[question.EventTimestampColumn].Select(t => Time(t.GetString()!)).ToArray();
        if (question.EntityDf.Count != 2 || keys.Length != times.Length)
        {
            throw new BadHttpRequestException("Exactly the join key and the event timestamp, of one length.", 422);
        }

        lock (_lock)
        {
            var byKey = _rows.GroupBy(r => r.Key.Key).ToDictionary(g => g.Key, g => g.OrderBy(r => r.Key.Time).ToList());
            var found = keys.Select((key, i) => byKey.GetValueOrDefault(key)?.LastOrDefault(r => r.Key.Time <= times[i]).Value).ToArray();
            var columns = new Dictionary<string, object?[]> { ["customer_id"] = keys, [question.EventTimestampColumn] = [.. times.Select(t => (object)t.UtcDateTime)] };
            foreach (var feature in features)
            {
                columns[feature.Name] = [.. found.Select(row => Value(row?[feature.Name], feature.Datatype))];
            }

            return new { rows = keys.Length, columns };
        }
    }

    private static object? Value(string? cell, string datatype) =>
        string.IsNullOrEmpty(cell) ? null : datatype == "BYTES" ? cell : (object)float.Parse(cell, CultureInfo.InvariantCulture);

    private static DateTimeOffset Time(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);

    private static ServiceAnswer Answer(Definitions definitions, Service service) => new(
        service.Name,
        1,
        [.. service.Features.SelectMany(p => definitions.FeatureViews.Single(v => v.Name == p.View).Features.Select(f => new FeatureAnswer(p.View, f.Name, f.Name, f.Datatype)))],
        definitions.Entities[0].JoinKeys);

    internal sealed record Definitions(Entity[] Entities, View[] FeatureViews, Service[] FeatureServices);

    internal sealed record Entity(string Name, Field[] JoinKeys, string? Description = null);

    internal sealed record Field(string Name, string Datatype, string? Description = null);

    internal sealed record View(string Name, string[] Entities, Field[] Features, string EventTimestampColumn, bool Online, bool Offline, string? Description = null);

    internal sealed record Service(string Name, Projection[] Features, string? Description = null);

    internal sealed record Projection(string View);

    internal sealed record Historical(string FeatureService, int Version, Dictionary<string, JsonElement[]> EntityDf, string EventTimestampColumn);

    private sealed record ServiceAnswer(string Name, int Version, FeatureAnswer[] Features, Field[] JoinKeys);

    private sealed record FeatureAnswer(string View, string Feature, string Name, string Datatype);
}

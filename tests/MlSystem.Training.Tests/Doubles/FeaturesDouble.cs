using System.Globalization;
using Apache.Arrow;
using Apache.Arrow.Ipc;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using MlSystem.Features.V1;

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

            return Results.Json(new { changes = System.Array.Empty<string>() });
        });
        app.MapGet("/api/feature-services/{name}", (string name, int? version) =>
            _definitions?.FeatureServices.FirstOrDefault(s => s.Name == name) is { } service && version is null or 1
                ? Results.Json(Answer(_definitions!, service), Strict)
                : Results.Problem($"There is no feature service '{name}'.", statusCode: 404));
        app.MapPost("/api/feature-views/{view}/rows", IngestAsync);
        app.MapGrpcService<Joins>();
    }

    protected override void Configure(IServiceCollection services)
    {
        services.AddGrpc();
        services.AddSingleton(this);
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

        return Results.Json(new { ingested = lines.Count - 1, skipped = 0, errors = System.Array.Empty<string>() });
    }

    /// <summary>The join as the service answers it: entity columns, then features, in the order of the entity rows.</summary>
    private RecordBatch Join(HistoricalSelection selection, RecordBatch entities)
    {
        var service = _definitions!.FeatureServices.Single(s => s.Name == selection.FeatureService);
        if (entities.ColumnCount != 2 || selection.Version != 1 || entities.Column("customer_id") is not StringArray keys || entities.Column(selection.EventTimestampColumn) is not TimestampArray times)
        {
            throw new RpcException(new Status(StatusCode.InvalidArgument, "Exactly the join key as text and the event timestamp, and version 1."));
        }

        lock (_lock)
        {
            var byKey = _rows.GroupBy(r => r.Key.Key).ToDictionary(g => g.Key, g => g.OrderBy(r => r.Key.Time).ToList());
            var found = Enumerable.Range(0, entities.Length)
                .Select(i => byKey.GetValueOrDefault(keys.GetString(i))?.LastOrDefault(r => r.Key.Time <= times.GetTimestamp(i)).Value).ToArray();
            var batch = new RecordBatch.Builder().Append("customer_id", false, keys).Append(selection.EventTimestampColumn, false, times);
            foreach (var feature in Answer(_definitions, service).Features)
            {
                batch.Append(feature.Name, true, Column(feature.Datatype, found.Select(row => row?[feature.Name])));
            }

            return batch.Build();
        }
    }

    private static IArrowArray Column(string datatype, IEnumerable<string?> cells)
    {
        var present = cells.Select(cell => string.IsNullOrEmpty(cell) ? null : cell);
        if (datatype == "BYTES")
        {
            return new StringArray.Builder().AppendRange(present!).Build();
        }

        var numbers = new FloatArray.Builder();
        foreach (var cell in present)
        {
            _ = cell is null ? numbers.AppendNull() : numbers.Append(float.Parse(cell, CultureInfo.InvariantCulture));
        }

        return numbers.Build();
    }

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

    private sealed record ServiceAnswer(string Name, int Version, FeatureAnswer[] Features, Field[] JoinKeys);

    private sealed record FeatureAnswer(string View, string Feature, string Name, string Datatype);

    private sealed class Joins(FeaturesDouble store) : HistoricalFeatures.HistoricalFeaturesBase
    {
        public override async Task GetHistoricalFeatures(
            IAsyncStreamReader<GetHistoricalFeaturesRequest> requestStream, IServerStreamWriter<GetHistoricalFeaturesResponse> responseStream, ServerCallContext context)
        {
            HistoricalSelection? selection = null;
            using var received = new MemoryStream();
            await foreach (var message in requestStream.ReadAllAsync(context.CancellationToken))
            {
                selection ??= message.Selection;
                message.EntityRows.WriteTo(received);
            }

            received.Position = 0;
            using var reader = new ArrowStreamReader(received);
            using var answer = store.Join(selection!, await reader.ReadNextRecordBatchAsync(context.CancellationToken));
            using var sent = new MemoryStream();
            using var writer = new ArrowStreamWriter(sent, answer.Schema, leaveOpen: true);
            await writer.WriteRecordBatchAsync(answer, context.CancellationToken);
            await writer.WriteEndAsync(context.CancellationToken);

            // In two messages: a client joins them, wherever they are cut.
            foreach (var part in new[] { sent.ToArray()[..1000], sent.ToArray()[1000..] })
            {
                await responseStream.WriteAsync(new GetHistoricalFeaturesResponse { Arrow = ByteString.CopyFrom(part) }, context.CancellationToken);
            }
        }
    }
}

using System.Text.Json;
using MlSystem.Testing;

namespace MlSystem.FeatureStore.Tests.Definitions;

/// <summary>Definitions over every database.</summary>
public abstract class CatalogContract
{
    protected abstract Task<FeatureStoreApp> StartAsync();

    [Fact]
    public async Task The_same_definitions_again_change_nothing_and_a_change_makes_a_version()
    {
        await using var app = await StartAsync();
        var created = await app.PostOkAsync("/api/apply", Samples.Definitions);
        Assert.All(created.GetProperty("plan").EnumerateArray(), change => Assert.Equal("created", change.GetProperty("change").GetString()));
        var again = await app.PostOkAsync("/api/apply", Samples.Definitions);
        Assert.Equal(created.GetProperty("revision").GetInt64(), again.GetProperty("revision").GetInt64());
        Assert.All(again.GetProperty("plan").EnumerateArray(), change => Assert.Equal("unchanged", change.GetProperty("change").GetString()));

        var changed = Samples.Definitions.Replace("\"ttl_seconds\": 600", "\"ttl_seconds\": 60", StringComparison.Ordinal).Replace("\"features\": [\"s\"]", "\"features\": [\"s\", \"b\"]", StringComparison.Ordinal);
        var planned = await app.PostOkAsync("/api/apply?plan_only=true", changed);
        Assert.Equal(created.GetProperty("revision").GetInt64(), planned.GetProperty("revision").GetInt64());
        var plan = (await app.PostOkAsync("/api/apply", changed)).GetProperty("plan").EnumerateArray().Where(change => change.GetProperty("change").GetString() == "updated").ToArray();
        Assert.Equal(["hourly 2", "stats 2"], plan.Select(change => $"{change.GetProperty("name").GetString()} {change.GetProperty("version")}"));
        Assert.Equal("ttl_seconds: 600 → 60", plan[0].GetProperty("details")[0].GetString());

        var old = JsonSerializer.Deserialize<JsonElement>(await app.Client.GetStringAsync("/api/feature-services/stats?version=1"));
        Assert.Equal(3, old.GetProperty("features").GetArrayLength());
        Assert.Equal("""{"view":"hourly","feature":"rate","name":"rate","datatype":"FP64"}""", old.GetProperty("features")[0].GetRawText());
        var newest = JsonSerializer.Deserialize<JsonElement>(await app.Client.GetStringAsync("/api/feature-services/stats"));
        Assert.Equal((2, 4), (newest.GetProperty("version").GetInt32(), newest.GetProperty("features").GetArrayLength()));
        Assert.Equal(404, (int)(await app.Client.GetAsync("/api/feature-services/stats?version=3")).StatusCode);
        Assert.Equal(404, (int)(await app.Client.GetAsync("/api/feature-views/nope")).StatusCode);
    }

    [Fact]
    public async Task All_mistakes_come_at_once_and_nothing_is_applied()
    {
        await using var app = await StartAsync();
        var (status, answer) = await app.PostAsync("/api/apply", """
            {
              "entities": [{ "name": "ok", "join_keys": [{ "name": "id", "datatype": "FP32" }] }, { "name": "", "join_keys": [] }],
              "sources": [{ "name": "f", "kind": "file", "path": "../x" }, { "name": "g", "kind": "carrier pigeon" }],
              "feature_views": [{ "name": "v", "entities": ["nope"], "source": "nope", "ttl_seconds": -1, "online": false, "offline": false,
                "features": [{ "name": "id", "datatype": "STRING" }, { "name": "ID", "datatype": "FP32" }, { "name": "1", "datatype": "FP32" }] }],
              "feature_services": [{ "name": "s", "features": [{ "view": "v", "features": ["gone"] }, { "view": "nope" }] }]
            }
            """);

        Assert.Equal(400, status);
        var places = answer.GetProperty("errors").EnumerateObject().Select(error => error.Name).ToHashSet();
        Assert.Superset(
            new HashSet<string>
            {
                "entities[0].join_keys[0].datatype", "entities[1].name", "entities[1].join_keys", "sources[0].path", "sources[1].kind",
                "feature_views[0].entities[0]", "feature_views[0].source", "feature_views[0].ttl_seconds", "feature_views[0]",
                "feature_views[0].features[0].datatype", "feature_views[0].features", "feature_views[0].features[2].name",
                "feature_services[0].features[0].features", "feature_services[0].features[1].view",
            },
            places);
        Assert.Equal("""{"entities":[]}""", await app.Client.GetStringAsync("/api/entities"));
        Assert.Equal(400, (await app.PostAsync("/api/apply", """{"entitees":[]}""")).Status);
    }

    [Fact]
    public async Task What_stored_rows_or_services_need_can_not_be_taken_away()
    {
        await using var app = await StartAsync();
        await app.PostOkAsync("/api/apply", Samples.Definitions);

        var (status, answer) = await app.PostAsync("/api/apply", Samples.Definitions
            .Replace("\"name\": \"trips\", \"datatype\": \"INT32\"", "\"name\": \"trips\", \"datatype\": \"INT64\"", StringComparison.Ordinal)
            .Replace("\"name\": \"rate\"", "\"name\": \"share\"", StringComparison.Ordinal)
            .Replace("\"name\": \"driver_id\", \"datatype\": \"INT64\"", "\"name\": \"driver_id\", \"datatype\": \"BYTES\"", StringComparison.Ordinal));

        Assert.Equal(400, status);
        var errors = answer.GetProperty("errors");
        Assert.Contains("can't become INT64", errors.GetProperty("feature_views[0].features[0].datatype")[0].GetString(), StringComparison.Ordinal);
        Assert.Contains("has no feature 'rate'", errors.GetProperty("feature_services[0].features[0].features")[0].GetString(), StringComparison.Ordinal);
        Assert.Contains("join keys of entity 'driver' can't change", errors.GetProperty("entities[0].join_keys")[0].GetString(), StringComparison.Ordinal);

        (status, answer) = await app.PostAsync("/api/apply", """{"feature_views":[{"name":"hourly","entities":["driver"],"features":[{"name":"trips","datatype":"INT32"}]}]}""");
        Assert.Equal(400, status);
        Assert.Contains("is used by feature service 'stats' version 1", answer.GetProperty("errors").GetProperty("feature_views[0].features")[0].GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hundred_applies_at_once_all_take_effect_once()
    {
        await using var app = await StartAsync();
        await Parallel.ForEachAsync(Enumerable.Range(0, 100), new ParallelOptions { MaxDegreeOfParallelism = 20 }, async (i, _) =>
            await app.PostOkAsync("/api/apply", $$"""{"entities":[{"name":"e{{i % 50}}","join_keys":[{"name":"id","datatype":"INT64"}]}]}"""));

        var last = await app.PostOkAsync("/api/apply", "{}");
        Assert.Equal(50, last.GetProperty("revision").GetInt64());
        Assert.Equal(50, JsonSerializer.Deserialize<JsonElement>(await app.Client.GetStringAsync("/api/entities")).GetProperty("entities").GetArrayLength());
    }

    [Fact]
    public async Task Rows_written_before_a_view_changed_stay_readable()
    {
        await using var app = await StartAsync();
        await app.PostOkAsync("/api/apply", Samples.Definitions);
        await app.PostOkAsync("/push", Samples.Push(1, "2026-03-01T11:59:00Z", 5));
        await app.PostOkAsync("/api/apply", Samples.Definitions.Replace("\"features\": [{ \"name\": \"trips\"", "\"features\": [{ \"name\": \"fresh\", \"datatype\": \"BYTES\" }, { \"name\": \"trips\"", StringComparison.Ordinal));

        var read = await app.PostOkAsync("/get-online-features", """{"features":["hourly:fresh","hourly:trips","hourly:tier"],"entities":{"driver_id":[1]}}""");
        Assert.Equal(["null", "5", "\"gold\""], read.GetProperty("results").EnumerateArray().Skip(1).Select(result => result.GetProperty("values")[0].GetRawText()));
        var joined = await app.PostOkAsync("/api/historical-features", """{"features":["hourly:fresh","hourly:trips"],"entity_df":{"driver_id":[1],"event_timestamp":["2026-03-01T12:00:00Z"]}}""");
        Assert.Equal(("[null]", "[5]"), (joined.GetProperty("columns").GetProperty("fresh").GetRawText(), joined.GetProperty("columns").GetProperty("trips").GetRawText()));
    }
}

public sealed class SqliteCatalogTests : CatalogContract
{
    protected override Task<FeatureStoreApp> StartAsync() => FeatureStoreApp.StartAsync();
}

public sealed class PostgresCatalogTests(PostgresCatalogTests.Server server) : CatalogContract, IClassFixture<PostgresCatalogTests.Server>
{
    protected override async Task<FeatureStoreApp> StartAsync()
    {
        Assert.SkipWhen(PostgresServer.Missing is not null, PostgresServer.Missing ?? "");
        return await FeatureStoreApp.StartAsync(("ConnectionStrings:database", await server.Postgres!.CreateDatabaseAsync()));
    }

    public sealed class Server : IAsyncLifetime
    {
        public PostgresServer? Postgres { get; private set; }

        public async ValueTask InitializeAsync() => Postgres = PostgresServer.Missing is null ? await PostgresServer.StartAsync() : null;

        public async ValueTask DisposeAsync()
        {
            if (Postgres is not null)
            {
                await Postgres.DisposeAsync();
            }
        }
    }
}

using System.Text;
using System.Text.Json;
using DuckDB.NET.Data;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using MlSystem.ServiceDefaults.EventLog;
using MlSystem.Testing;
using Npgsql;

namespace MlSystem.FeatureStore.Tests.Ingestion.Sources;

/// <summary>Rows of Parquet files, tables and topics.</summary>
public sealed class SourceTests
{
    private const string Read = """{"features":["v:n","v:x","v:tags"],"entities":{"id":[1,2,3]}}""";

    [Fact]
    public async Task A_parquet_file_is_ingested_by_a_range_of_event_times()
    {
        using var folder = new TempFolder();
        await using (var duck = new DuckDBConnection("DataSource=:memory:"))
        {
            await duck.OpenAsync();
            await using var command = duck.CreateCommand();
            command.CommandText = $"""
                COPY (SELECT i AS id, TIMESTAMP '2026-01-01' + INTERVAL 1 DAY * i AS at, i::SMALLINT AS n, i / 2 AS x, ['a', 'b'] AS tags, true AS other FROM range(1, 4) t(i))
                TO '{Path.Combine(folder.Path, "rows.parquet")}' (FORMAT parquet)
                """;
            await command.ExecuteNonQueryAsync();
        }

        await using var app = await FeatureStoreApp.StartAsync(("Features:FileSourceDirectory", folder.Path));
        await app.PostOkAsync("/api/apply", Definitions("""{ "name": "src", "kind": "file", "path": "rows.parquet" }"""));

        var answer = await app.PostOkAsync("/api/feature-views/v/ingest-source?start=2026-01-02T00:00:00Z&end=2026-01-03T00:00:00Z", "");
        Assert.Equal((1, "other"), (answer.GetProperty("ingested").GetInt32(), answer.GetProperty("ignored_columns")[0].GetString()));
        Assert.Equal(["[null,2,null]", "[null,1,null]", """[null,["a","b"],null]"""], await ValuesAsync(app));
        Assert.Equal(3, (await app.PostOkAsync("/api/feature-views/v/ingest-source", "")).GetProperty("ingested").GetInt32());
        Assert.Equal("[1,2,3]", (await ValuesAsync(app))[0]);
        Assert.Equal(400, (await app.PostAsync("/api/feature-views/v/ingest-source?start=soon", "")).Status);
    }

    [Fact]
    public async Task A_sqlite_query_is_ingested_and_bad_rows_are_told()
    {
        using var folder = new TempFolder();
        var connection = $"Data Source={Path.Combine(folder.Path, "shop.db")}";
        await using (var sqlite = new SqliteConnection(connection))
        {
            await sqlite.OpenAsync();
            await using var command = sqlite.CreateCommand();
            command.CommandText = """
                CREATE TABLE orders (id INTEGER, at TEXT, n INTEGER, x REAL, tags TEXT);
                INSERT INTO orders VALUES (1, '2026-01-01 10:00:00', 10, 0.5, '["a"]'), (2, '2026-01-02T10:00:00Z', 20, NULL, NULL), (3, 'yesterday', 30, 1, 'b');
                """;
            await command.ExecuteNonQueryAsync();
        }

        await using var app = await FeatureStoreApp.StartAsync(("ConnectionStrings:shop", connection));
        await app.PostOkAsync("/api/apply", Definitions("""{ "name": "src", "kind": "table", "connection": "shop", "query": "SELECT id, at, n, x, tags FROM orders" }"""));

        var (status, answer) = await app.PostAsync("/api/feature-views/v/ingest-source", "");
        Assert.Equal((422, 0), (status, answer.GetProperty("ingested").GetInt32()));
        Assert.Equal(["3 tags", "3 at"], answer.GetProperty("errors").EnumerateArray().Select(error => $"{error.GetProperty("line")} {error.GetProperty("column")}"));
        Assert.Equal("[null,null,null]", (await ValuesAsync(app))[0]);

        answer = await app.PostOkAsync("/api/feature-views/v/ingest-source?on_error=skip", "");
        Assert.Equal((2, 1), (answer.GetProperty("ingested").GetInt32(), answer.GetProperty("skipped").GetInt32()));
        Assert.Equal(["[10,20,null]", "[0.5,null,null]", """[["a"],null,null]"""], await ValuesAsync(app));
    }

    [Fact]
    public async Task A_postgres_table_is_ingested_by_a_range_of_event_times()
    {
        Assert.SkipWhen(PostgresServer.Missing is not null, PostgresServer.Missing ?? "");
        await using var server = await PostgresServer.StartAsync();
        var connection = await server.CreateDatabaseAsync();
        await using (var postgres = new NpgsqlConnection(connection))
        {
            await postgres.OpenAsync();
            await using var command = new NpgsqlCommand(
                """
                CREATE SCHEMA shop; CREATE TABLE shop.orders (id bigint, at timestamptz, n numeric, x real, tags text[]);
                INSERT INTO shop.orders VALUES (1, '2026-01-01 10:00+02', 10, 0.5, '{a,b}'), (2, '2026-01-02 10:00+00', 20, NULL, NULL), (3, '2026-01-03 10:00+00', 30, 1, '{}');
                """,
                postgres);
            await command.ExecuteNonQueryAsync();
        }

        await using var app = await FeatureStoreApp.StartAsync(("ConnectionStrings:shop", connection));
        await app.PostOkAsync("/api/apply", Definitions("""{ "name": "src", "kind": "table", "connection": "shop", "table": "shop.orders" }"""));

        Assert.Equal(2, (await app.PostOkAsync("/api/feature-views/v/ingest-source?start=2026-01-01T08:00:00Z", "")).GetProperty("ingested").GetInt32());
        Assert.Equal(["[null,20,30]", "[null,null,1]", "[null,null,[]]"], await ValuesAsync(app));
        Assert.Equal(3, (await app.PostOkAsync("/api/feature-views/v/ingest-source", "")).GetProperty("ingested").GetInt32());
        Assert.Equal("""[["a","b"],null,[]]""", (await ValuesAsync(app))[2]);
    }

    [Theory]
    [InlineData("""{ "name": "src", "kind": "table", "connection": "nope", "table": "orders" }""", "there is no connection string 'nope'")]
    [InlineData("""{ "name": "src", "kind": "file", "path": "gone.parquet" }""", "there is no file 'gone.parquet'")]
    [InlineData("""{ "name": "src", "kind": "push" }""", "has no file or table source")]
    public async Task A_source_that_can_not_be_read_is_told(string source, string expected)
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", Definitions(source));
        var (status, answer) = await app.PostAsync("/api/feature-views/v/ingest-source", "");
        Assert.Equal(409, status);
        Assert.Contains(expected, answer.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Events_of_a_topic_become_rows_by_the_columns_and_the_filter()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", Definitions("""
            { "name": "src", "kind": "topic", "topic": "shop.orders", "filter": "n > 0", "columns": [
              { "name": "id", "datatype": "INT64", "field": "user.id" }, { "name": "at", "datatype": "TIMESTAMP", "unit": "milliseconds" },
              { "name": "n", "datatype": "INT64", "field": "total.n" }, { "name": "x", "datatype": "FP32" }, { "name": "tags", "datatype": "BYTES[]" }] }
            """));
        var log = app.Services.GetRequiredService<IEventLog>();
        string[] events =
        [
            """{"user":{"id":1},"at":1767225600000,"total":{"n":5},"x":0.5,"tags":["a"]}""", """{"user":{"id":2},"at":1767225600000,"total":{"n":-5}}""",
            "no json", """{"user":{"id":"x"},"at":1767225600000,"total":{"n":5}}""", """{"user":{"id":3},"at":"2026-01-01T00:00:00Z","total":{"n":7}}""",
        ];
        await log.AppendAsync("shop.orders", [.. events.Select((text, i) => new LogEvent($"{i}", Encoding.UTF8.GetBytes(text), new Dictionary<string, string>()))], CancellationToken.None);

        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(120));
        while ((await ValuesAsync(app))[0] != "[5,null,7]")
        {
            app.Time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, deadline.Token);
        }

        Assert.Equal(["[0.5,null,null]", """[["a"],null,null]"""], (await ValuesAsync(app))[1..]);
        var (status, _) = await app.PostAsync("/api/apply", Definitions("""{ "name": "src", "kind": "topic", "topic": "mlsystem.features", "columns": [{ "name": "id", "datatype": "INT64" }] }"""));
        Assert.Equal(400, status);
    }

    private static string Definitions(string source) => $$"""
        {
          "entities": [{ "name": "e", "join_keys": [{ "name": "id", "datatype": "INT64" }] }],
          "sources": [{{source}}],
          "feature_views": [{ "name": "v", "entities": ["e"], "source": "src", "event_timestamp_column": "at",
            "features": [{ "name": "n", "datatype": "INT64" }, { "name": "x", "datatype": "FP32" }, { "name": "tags", "datatype": "BYTES[]" }] }]
        }
        """;

    private static async Task<string[]> ValuesAsync(FeatureStoreApp app) =>
        [.. (await app.PostOkAsync("/get-online-features", Read)).GetProperty("results").EnumerateArray().Skip(1).Select(result => JsonSerializer.Serialize(result.GetProperty("values")))];
}

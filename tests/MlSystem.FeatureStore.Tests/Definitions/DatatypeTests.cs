using System.Text.Json;
using Grpc.Net.Client;
using MlSystem.Features.V1;

namespace MlSystem.FeatureStore.Tests.Definitions;

/// <summary>Times and lists on every way that a value can take.</summary>
public sealed class DatatypeTests
{
    private const string Definitions = """
        {
          "entities": [{ "name": "user", "join_keys": [{ "name": "user_id", "datatype": "INT64" }] }],
          "sources": [{ "name": "p", "kind": "push" }],
          "feature_views": [{ "name": "taste", "entities": ["user"], "source": "p", "features": [
            { "name": "since", "datatype": "TIMESTAMP" }, { "name": "embedding", "datatype": "FP32[]" }, { "name": "history", "datatype": "INT64[]" },
            { "name": "small", "datatype": "INT32[]" }, { "name": "wide", "datatype": "FP64[]" }, { "name": "words", "datatype": "BYTES[]" }, { "name": "name", "datatype": "BYTES" }] }],
          "feature_services": [{ "name": "rec", "features": [{ "view": "taste" }] }]
        }
        """;

    private const string Push = """
        {"push_source_name":"p","to":"online_and_offline","df":{
          "user_id":[1,2,3],"event_timestamp":["2026-03-01T11:00:00Z","2026-03-01T11:00:00Z","2026-03-01T11:00:00Z"],
          "since":["2020-02-29T23:59:59.123456Z",null,"1969-12-31T23:59:59Z"],"embedding":[[0.1,-2.5],[],null],"history":[[9007199254740993,-1,0],null,[]],
          "small":[[1],[2,3],[-2147483648]],"wide":[[1e-300],null,[0.1,0.2]],"words":[["a","","ü\"|"],[""],[]],"name":["n","","m"]}}
        """;

    private static readonly Dictionary<string, string> Expected = new()
    {
        ["embedding"] = "[[0.1,-2.5],[],null]", ["history"] = "[[9007199254740993,-1,0],null,[]]", ["small"] = "[[1],[2,3],[-2147483648]]",
        ["wide"] = "[[1E-300],null,[0.1,0.2]]", ["words"] = """[["a","","ü\"|"],[""],[]]""", ["name"] = """["n","","m"]""",
    };

    [Fact]
    public async Task They_come_back_online_and_from_the_offline_store_as_they_went_in()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", Definitions);
        await app.PostOkAsync("/push", Push);

        Check(await OnlineAsync(app));
        var joined = await app.PostOkAsync("/api/historical-features", """{"feature_service":"rec","entity_df":{"user_id":[1,2,3],"event_timestamp":["2026-03-01T12:00:00Z","2026-03-01T12:00:00Z","2026-03-01T12:00:00Z"]}}""");
        foreach (var (name, expected) in Expected)
        {
            Assert.Equal(Normal(expected), Normal(joined.GetProperty("columns").GetProperty(name).GetRawText()));
        }

        Assert.Equal(
            [DateTimeOffset.Parse("2020-02-29T23:59:59.123456Z", null), null, DateTimeOffset.Parse("1969-12-31T23:59:59Z", null)],
            joined.GetProperty("columns").GetProperty("since").EnumerateArray().Select(time => time.ValueKind == JsonValueKind.Null ? (DateTimeOffset?)null : time.GetDateTimeOffset()));
    }

    [Fact]
    public async Task Materialization_and_csv_carry_them_too()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", Definitions);
        await app.PostOkAsync("/push", Push.Replace("online_and_offline", "offline", StringComparison.Ordinal));
        await app.PostOkAsync("/materialize", """{"start_ts":"2026-01-01T00:00:00Z","end_ts":"2026-03-02T00:00:00Z"}""");
        Check(await OnlineAsync(app));

        await app.PostOkAsync("/api/feature-views/taste/rows", "user_id,event_timestamp,since,embedding,history,small,wide,words,name\n3,2026-03-01T11:30:00Z,2026-01-01,\"[1,2]\",,[],[],\"[\"\"x\"\"]\",\n", "text/csv");
        var online = await OnlineAsync(app);
        Assert.Equal(("[1,2]", "null", """["x"]"""), (online["embedding"][2].GetRawText(), online["history"][2].GetRawText(), online["words"][2].GetRawText()));
    }

    [Fact]
    public async Task Grpc_gives_lists_as_elements_and_lengths_and_times_as_microseconds()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", Definitions);
        await app.PostOkAsync("/push", Push);
        using var channel = GrpcChannel.ForAddress("http://features", new GrpcChannelOptions { HttpHandler = app.Handler });
        var request = new GetOnlineFeaturesRequest { FeatureService = "rec" };
        request.JoinKeys.Add(new Column { Name = "user_id", Int64S = new Int64Values { Values = { 1, 2, 3 } } });

        var columns = (await new MlSystem.Features.V1.FeatureStore.FeatureStoreClient(channel).GetOnlineFeaturesAsync(request)).Columns.ToDictionary(column => column.Name);

        Assert.Equal((2, 0, 0), (columns["embedding"].Values.Lists.Lengths[0], columns["embedding"].Values.Lists.Lengths[1], columns["embedding"].Values.Lists.Lengths[2]));
        Assert.Equal([0.1f, -2.5f], columns["embedding"].Values.Lists.Fp32S.Values);
        Assert.Equal([FeatureStatus.Present, FeatureStatus.Present, FeatureStatus.NullValue], columns["embedding"].Statuses);
        Assert.Equal([9007199254740993, -1, 0], columns["history"].Values.Lists.Int64S.Values);
        Assert.Equal(["a", "", "ü\"|", ""], columns["words"].Values.Lists.Bytes.Values.Select(text => text.ToStringUtf8()));
        Assert.Equal(UnixTime.Microseconds(DateTimeOffset.Parse("2020-02-29T23:59:59.123456Z", null)), columns["since"].Values.Int64S.Values[0]);
        Assert.Equal(("INT32[]", "TIMESTAMP"), (columns["small"].Datatype, columns["since"].Datatype));
    }

    [Theory]
    [InlineData("embedding", "[[1,null],[],[]]", "element 1: a list has no null elements")]
    [InlineData("history", "[[1.5],[],[]]", "element 0: '1.5' is not INT64")]
    [InlineData("small", "[[3000000000],[],[]]", "outside the range of INT32")]
    [InlineData("words", "[[1],[],[]]", "element 0: '1' is not BYTES")]
    [InlineData("since", "[17,null,null]", "'17' is not TIMESTAMP")]
    [InlineData("name", "[[],null,null]", "'[]' is not BYTES")]
    public async Task A_bad_value_is_told_with_its_element(string column, string values, string expected)
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", Definitions);
        var body = System.Text.Json.Nodes.JsonNode.Parse(Push)!;
        body["df"]![column] = System.Text.Json.Nodes.JsonNode.Parse(values);
        var (status, answer) = await app.PostAsync("/push", body.ToJsonString());
        Assert.Equal(422, status);
        Assert.Contains(expected, answer.GetProperty("detail")[0].GetProperty("msg").GetString(), StringComparison.Ordinal);
    }

    private static void Check(Dictionary<string, JsonElement> online)
    {
        foreach (var (name, expected) in Expected)
        {
            Assert.Equal(Normal(expected), Normal(online[name].GetRawText()));
        }

        Assert.Equal("""["2020-02-29T23:59:59.123456Z",null,"1969-12-31T23:59:59Z"]""", online["since"].GetRawText());
    }

    private static string Normal(string json) => JsonSerializer.Serialize(JsonSerializer.Deserialize<JsonElement>(json)).Replace("E-300", "e-300", StringComparison.OrdinalIgnoreCase);

    private static async Task<Dictionary<string, JsonElement>> OnlineAsync(FeatureStoreApp app)
    {
        var answer = await app.PostOkAsync("/get-online-features", """{"feature_service":"rec","entities":{"user_id":[1,2,3]}}""");
        return answer.GetProperty("metadata").GetProperty("feature_names").EnumerateArray().Zip(answer.GetProperty("results").EnumerateArray())
            .ToDictionary(pair => pair.First.GetString()!, pair => pair.Second.GetProperty("values"));
    }
}

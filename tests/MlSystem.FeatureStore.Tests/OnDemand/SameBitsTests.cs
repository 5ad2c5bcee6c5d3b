using System.Globalization;
using System.Text;
using System.Text.Json;
using Grpc.Net.Client;
using MlSystem.Features.V1;

namespace MlSystem.FeatureStore.Tests.OnDemand;

/// <summary>Training and serving compute the same bits: random rows and expressions, read online (HTTP, gRPC) and joined at the same moment.</summary>
public sealed class SameBitsTests
{
    private const string Start = "2026-03-01T12:00:00Z";

    [Fact]
    public async Task Historical_http_and_grpc_reads_agree_to_the_bit()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        var random = new Random(20260301);
        for (var round = 0; round < 12; round++)
        {
            var features = Enumerable.Range(0, 12).Select(i => (Name: $"x{i}", Expression: Number(random, 4))).ToList();
            await app.PostOkAsync("/api/apply", Definitions(round, features));
            await PushAsync(app, round, random);
            var request = Request(random);

            var online = Columns(await app.PostOkAsync("/get-online-features", $$$"""{"feature_service":"s{{{round}}}","entities":{"id":[{{{string.Join(',', Ids)}}}],{{{request}}}}}"""));
            var joined = await app.PostOkAsync(
                "/api/historical-features",
                $$$"""{"feature_service":"s{{{round}}}","entity_df":{"id":[{{{string.Join(',', Ids)}}}],"event_timestamp":[{{{string.Join(',', Ids.Select(_ => $"\"{Start}\""))}}}],{{{request}}}}}""");
            var grpc = await GrpcAsync(app, round, request);
            foreach (var (name, expression) in features)
            {
                var offline = joined.GetProperty("columns").GetProperty(name).GetRawText();
                Assert.True(online[name] == offline, $"round {round}, {expression}: online {online[name]}, offline {offline}");
                Assert.True(online[name] == grpc[name], $"round {round}, {expression}: HTTP {online[name]}, gRPC {grpc[name]}");
            }
        }
    }

    [Fact]
    public async Task An_expired_value_is_missing_for_both_and_nulls_of_the_request_too()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", Definitions(0, [("x0", "coalesce(d, -1) + coalesce(r, 100)")]));
        await app.PostOkAsync("/push", """{"push_source_name":"p0","to":"online_and_offline","df":{"id":[0,1],"event_timestamp":["2026-03-01T11:00:00Z","2026-03-01T11:59:00Z"],"i":[1,1],"f":[1,1],"d":[5,6],"s":["",""],"at":[null,null],"v":[[],null]}}""");
        const string Request = "\"r\":[1,null],\"q\":[1,1]";

        var online = Columns(await app.PostOkAsync("/get-online-features", $$$"""{"features":["o0:x0"],"entities":{"id":[0,1],{{{Request}}}}}"""));
        var joined = await app.PostOkAsync("/api/historical-features", $$$"""{"features":["o0:x0"],"entity_df":{"id":[0,1],"event_timestamp":["{{{Start}}}","{{{Start}}}"],{{{Request}}}}}""");

        Assert.Equal("[0,106]", online["x0"]);
        Assert.Equal("[0,106]", joined.GetProperty("columns").GetProperty("x0").GetRawText());
    }

    [Fact]
    public async Task A_read_without_its_request_data_is_refused_in_every_form()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", Definitions(0, [("x0", "r + d")]));
        var (status, answer) = await app.PostAsync("/get-online-features", """{"features":["o0:x0"],"entities":{"id":[1]}}""");
        Assert.Equal(422, status);
        Assert.Contains("Required request data 'r' (FP64)", answer.GetRawText(), StringComparison.Ordinal);
        (status, answer) = await app.PostAsync("/get-online-features", """{"features":["o0:x0"],"entities":{"id":[1],"r":["x"]}}""");
        Assert.Equal(422, status);
        (status, answer) = await app.PostAsync("/api/historical-features", $$$"""{"features":["o0:x0"],"entity_df":{"id":[1],"event_timestamp":["{{{Start}}}"]}}""");
        Assert.Equal((422, "The column is missing."), (status, answer.GetProperty("errors").GetProperty("entity_df.r")[0].GetString()));
        (status, _) = await app.PostAsync("/get-online-features", """{"features":["o0:gone","o0:x0"],"entities":{"id":[1],"r":[1]}}""");
        Assert.Equal(404, status);
    }

    private static readonly int[] Ids = [.. Enumerable.Range(0, 25)];

    private static string Definitions(int round, IReadOnlyList<(string Name, string Expression)> features) => $$"""
        {
          "entities": [{ "name": "e", "join_keys": [{ "name": "id", "datatype": "INT64" }] }],
          "sources": [
            { "name": "p{{round}}", "kind": "push" },
            { "name": "request", "kind": "request", "columns": [{ "name": "r", "datatype": "FP64" }, { "name": "q", "datatype": "INT32" }] }
          ],
          "feature_views": [{
            "name": "v{{round}}", "entities": ["e"], "source": "p{{round}}", "ttl_seconds": 600,
            "features": [
              { "name": "i", "datatype": "INT64" }, { "name": "f", "datatype": "FP32" }, { "name": "d", "datatype": "FP64" }, { "name": "s", "datatype": "BYTES" },
              { "name": "at", "datatype": "TIMESTAMP" }, { "name": "v", "datatype": "FP32[]" }
            ]
          }],
          "on_demand_feature_views": [{
            "name": "o{{round}}", "sources": ["v{{round}}", "request"],
            "features": [{{string.Join(", ", features.Select((feature, i) => $"{{ \"name\": \"{feature.Name}\", \"datatype\": \"{(i % 3 == 0 ? "FP32" : "FP64")}\", \"expression\": {JsonSerializer.Serialize(feature.Expression)} }}"))}}]
          }],
          "feature_services": [{ "name": "s{{round}}", "features": [{ "view": "o{{round}}" }] }]
        }
        """;

    /// <summary>A random expression with a number as its value.</summary>
    private static string Number(Random random, int depth)
    {
        if (depth == 0)
        {
            string[] leaves = ["i", "f", "d", "r", "q", "fp64(length(s))", "(now() - at)", "norm(v)", "dot(v, v)", "element(v, 1)", "1.7", "3", "hour(at)", "hash_bucket(s, 97)"];
            return leaves[random.Next(leaves.Length)];
        }

        string Inner() => Number(random, random.Next(depth));
        return random.Next(9) switch
        {
            0 => $"({Inner()} + {Inner()})",
            1 => $"({Inner()} * {Inner()})",
            2 => $"({Inner()} / {Inner()})",
            3 => $"({Inner()} - {Inner()})",
            4 => $"if({Inner()} > {Inner()} or {Inner()} is null, fp64({Inner()}), {Inner()})",
            5 => $"coalesce({Inner()}, fp64({Inner()}))",
            6 => $"ln(abs({Inner()}))",
            7 => $"tanh({Inner()} % {Inner()})",
            _ => $"exp(sin({Inner()}))",
        };
    }

    private static async Task PushAsync(FeatureStoreApp app, int round, Random random)
    {
        string Cell(string value) => random.Next(6) == 0 ? "null" : value;
        string Column(Func<int, string> value) => string.Join(',', Ids.Select(value));
        var df = new StringBuilder();
        df.Append(CultureInfo.InvariantCulture, $"\"id\":[{Column(id => $"{id}")}],\"event_timestamp\":[{Column(_ => $"\"2026-03-01T11:{random.Next(40, 60):D2}:00Z\"")}],");
        df.Append(CultureInfo.InvariantCulture, $"\"i\":[{Column(_ => Cell(random.NextInt64(-1000, 1000).ToString(CultureInfo.InvariantCulture)))}],");
        df.Append(CultureInfo.InvariantCulture, $"\"f\":[{Column(_ => Cell(JsonSerializer.Serialize(random.NextSingle() * 100)))}],\"d\":[{Column(_ => Cell(JsonSerializer.Serialize((random.NextDouble() - 0.5) * 1e6)))}],");
        df.Append(CultureInfo.InvariantCulture, $"\"s\":[{Column(id => Cell($"\"text {id}\""))}],\"at\":[{Column(id => Cell($"\"2026-02-{1 + id:D2}T0{random.Next(10)}:00:00.{random.Next(1_000_000):D6}Z\""))}],");
        df.Append(CultureInfo.InvariantCulture, $"\"v\":[{Column(_ => Cell(JsonSerializer.Serialize(Enumerable.Range(0, random.Next(4)).Select(_ => random.NextSingle()))))}]");
        await app.PostOkAsync("/push", $$$"""{"push_source_name":"p{{{round}}}","to":"online_and_offline","df":{{{{df}}}}}""");
    }

    private static string Request(Random random) =>
        $"\"r\":[{string.Join(',', Ids.Select(_ => random.Next(6) == 0 ? "null" : JsonSerializer.Serialize(random.NextDouble() * 10)))}],\"q\":[{string.Join(',', Ids.Select(_ => random.Next(6) == 0 ? "null" : $"{random.Next(-5, 5)}"))}]";

    /// <summary>Behind the column of the join key.</summary>
    private static Dictionary<string, string> Columns(JsonElement answer)
    {
        var names = answer.GetProperty("metadata").GetProperty("feature_names").EnumerateArray().Select(name => name.GetString()!).ToArray();
        return names.Zip(answer.GetProperty("results").EnumerateArray()).ToDictionary(pair => pair.First, pair => pair.Second.GetProperty("values").GetRawText());
    }

    private static async Task<Dictionary<string, string>> GrpcAsync(FeatureStoreApp app, int round, string request)
    {
        using var channel = GrpcChannel.ForAddress("http://features", new GrpcChannelOptions { HttpHandler = app.Handler });
        var client = new MlSystem.Features.V1.FeatureStore.FeatureStoreClient(channel);
        var call = new GetOnlineFeaturesRequest { FeatureService = $"s{round}" };
        call.JoinKeys.Add(new Column { Name = "id", Int64S = new Int64Values { Values = { Ids.Select(id => (long)id) } } });
        var columns = JsonSerializer.Deserialize<Dictionary<string, double?[]>>($"{{{request}}}")!;
        call.RequestColumns.Add(new RequestColumn
        {
            Values = new Column { Name = "r", Fp64S = new DoubleValues { Values = { columns["r"].Select(value => value ?? 0) } } }, Nulls = { columns["r"].Select(value => value is null) },
        });
        call.RequestColumns.Add(new RequestColumn
        {
            Values = new Column { Name = "q", Int32S = new Int32Values { Values = { columns["q"].Select(value => (int)(value ?? 0)) } } }, Nulls = { columns["q"].Select(value => value is null) },
        });
        var answer = await client.GetOnlineFeaturesAsync(call);
        return answer.Columns.ToDictionary(column => column.Name, Text);
    }

    private static string Text(FeatureColumn column) => $"[{string.Join(',', column.Statuses.Select((status, i) => status != FeatureStatus.Present ? "null"
        : column.Datatype == "FP32" ? JsonSerializer.Serialize(column.Values.Fp32S.Values[i]) : JsonSerializer.Serialize(column.Values.Fp64S.Values[i])))}]";
}

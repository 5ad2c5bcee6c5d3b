using System.Net;
using System.Text;
using System.Text.Json;
using MlSystem.Inference.Tests.Fixture;

namespace MlSystem.Inference.Tests.Protocols;

[Collection(nameof(SharedServer))]
public sealed class BadInputTests(SharedServer shared)
{
    private const string Good = """{"name":"x","shape":[1,3],"datatype":"FP32","data":[1,2,3]}""";

    public static TheoryData<string, string, string> Bodies => new()
    {
        { "linear", "", "malformed JSON" },
        { "linear", "{\n\"inputs\": [NaN]}", "malformed JSON at line 2, byte 12" },
        { "linear", "[]", "the request must be an object" },
        { "linear", "{}", "no inputs" },
        { "linear", """{"inputs":[]}""", "absent inputs 'x'" },
        { "linear", $$"""{"inputs":[{{Good}}]} x""", "malformed JSON" },
        { "linear", $$"""{"inputs":[{{Good}}],"extra":1}""", "the field 'extra' is unknown" },
        { "linear", $$"""{"inputs":[{{Good}},{{Good}}]}""", "given twice" },
        { "linear", $$"""{"inputs":[{{Good}}],"parameters":{"sequence_id":1} }""", "'sequence_id' is not supported" },
        { "linear", $$"""{"inputs":[{{Good}}],"parameters":{"timeout":-1} }""", "'timeout' must be a whole number" },
        { "linear", $$"""{"inputs":[{{Good}}],"outputs":[{"name":"nope"}]}""", "no output 'nope'; its outputs are 'prediction'" },
        { "linear", """{"inputs":[{"name":"y","shape":[1],"datatype":"FP32","data":[1]}]}""", "no input 'y'; its inputs are 'x'" },
        { "linear", """{"inputs":[{"name":"x","shape":[1,3],"datatype":"FP64","data":[1,2,3]}]}""", "'x' is FP32, the request has datatype 'FP64'" },
        { "linear", """{"inputs":[{"name":"x","shape":[1,3],"datatype":"FLOAT","data":[1,2,3]}]}""", "datatypes are BOOL" },
        { "linear", """{"inputs":[{"name":"x","shape":[1,4],"datatype":"FP32","data":[1,2,3,4]}]}""", "shape [1, 4] does not fit the model's [-1, 3]" },
        { "linear", """{"inputs":[{"name":"x","shape":[3],"datatype":"FP32","data":[1,2,3]}]}""", "does not fit" },
        { "linear", """{"inputs":[{"name":"x","shape":[2,3],"datatype":"FP32","data":[1,2,3]}]}""", "shape [2, 3] names 6 elements, data has 3" },
        { "linear", """{"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","data":[1,2,3,4]}]}""", "names 3 elements, data has 4" },
        { "linear", """{"inputs":[{"name":"x","shape":[2,3],"datatype":"FP32","data":[[1,2],[3,4,5,6]]}]}""", "flat or nested" },
        { "linear", """{"inputs":[{"name":"x","shape":[2,3],"datatype":"FP32","data":[[1,2,3],4,5,6]}]}""", "flat or nested" },
        { "linear", """{"inputs":[{"name":"x","shape":[2,3],"datatype":"FP32","data":[1,2,3,[4,5,6]]}]}""", "flat or nested" },
        { "linear", """{"inputs":[{"name":"x","shape":[0,3],"datatype":"FP32","data":[]}]}""", "dimension below 1" },
        { "linear", """{"inputs":[{"name":"x","shape":[9223372036854775807,3],"datatype":"FP32","data":[1]}]}""", "overflows" },
        { "linear", """{"inputs":[{"name":"x","shape":[50000000,3],"datatype":"FP32","data":[1]}]}""", "more than the data can hold" },
        { "linear", """{"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","data":[1,1e39,3]}]}""", "data[1] = 1e39 is not in the range of FP32" },
        { "linear", """{"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","data":[1,"NaN",3]}]}""", "send null for a missing value" },
        { "linear", """{"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","data":[1,null,3]}]}""", "must have a value" },
        { "linear", """{"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","data":[1,{},3]}]}""", "found an object" },
        { "linear", """{"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32"}]}""", "neither data nor binary_data_size" },
        { "linear", """{"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","parameters":{"binary_data_size":12}}]}""", "0 bytes of binary data are left" },
        { "linear", """{"inputs":[{"name":"x","datatype":"FP32","data":[1,2,3]}]}""", "inputs[0] ('x') has no shape" },
        { "linear", """{"inputs":[{"shape":[1,3],"datatype":"FP32","data":[1,2,3]}]}""", "inputs[0] has no name" },
        { "linear", $$"""{"inputs":[{{Good}}],"id":"\ud800"}""", "invalid escape" },
        { "linear", "{\"parameters\":{\"headers\":" + new string('[', 100), "maximum configured depth" },
        { "linear", """{"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","data":""" + new string('[', 40) + new string(']', 40) + "}]}", "flat or nested" },
        { "plain", """{"inputs":[{"name":"age","shape":[1],"datatype":"FP32","data":[1]}]}""", "absent inputs 'income', 'plan': the model needs them and this version has no feature service" },
        { "columns", """{"inputs":[{"name":"age","shape":[1],"datatype":"FP32","data":[1]}]}""", "or the join key 'person_id' to look them up in feature service 'people'" },
        { "plain", """{"inputs":[{"name":"age","shape":[2],"datatype":"FP32","data":[1,2]},{"name":"income","shape":[1],"datatype":"FP64","data":[1]},{"name":"plan","shape":[1],"datatype":"BYTES","data":["a"]}]}""", "'income' has 1 rows and 'age' has 2" },
        { "echo", Echo.Json([new("INT8", "[128,0]")]), "data[0] = 128 is not in the range of INT8" },
        { "echo", Echo.Json([new("INT64", "[1.5,0]")]), "not in the range of INT64" },
        { "echo", Echo.Json([new("UINT8", "[-1,0]")]), "not in the range of UINT8" },
        { "echo", Echo.Json([new("INT64", "[null,0]")]), "INT64 has no missing value" },
        { "echo", Echo.Json([new("BOOL", "[1,0]")]), "must be true or false for BOOL" },
        { "echo", Echo.Json([new("BYTES", "[1,2]")]), "must be a string for BYTES" },
        { "echo", Echo.Json([new("FP16", "[70000,0]")]), "not in the range of FP16" },
    };

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task Bad_input_is_400_and_says_what_and_where(string model, string body, string expected)
    {
        using var response = await shared.Http.PostAsync($"/v2/models/{model}/infer", new StringContent(body, Encoding.UTF8, "application/json"));
        using var json = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        Assert.Contains(expected, json.RootElement.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_body_that_is_too_large_is_413_in_the_protocols_form(bool chunked)
    {
        await using var registry = new RegistryDouble();
        registry.AddVersion("linear", 1, ModelFolder.Linear());
        registry.SetEndpoint("linear", 1);
        await registry.StartAsync();
        await using var server = await InferenceServer.StartAsync(registry.Url, settings: new Dictionary<string, string>(StringComparer.Ordinal) { ["MlSystem:MaxRequestBodyBytes"] = "100000" });
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v2/models/linear/infer") { Content = new ByteArrayContent(new byte[100_001]) };
        request.Headers.TransferEncodingChunked = chunked;
        using var response = await server.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
        Assert.Contains("100000 bytes", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        using var next = await server.Http.PostAsync("/v2/models/linear/infer", new StringContent($$"""{"inputs":[{{Good}}]}"""));
        Assert.Equal(HttpStatusCode.OK, next.StatusCode);
    }

    /// <summary>Bodies damaged in every way that a seeded generator thinks of: each is answered, with 200 or 4xx in the protocol's form.</summary>
    [Fact]
    public async Task Fuzzed_bodies_never_fail_the_server()
    {
        var random = new Random(20);
        string[] good =
        [
            $$"""{"id":"a","parameters":{"timeout":0},"inputs":[{{Good}}],"outputs":[{"name":"prediction"}]}""",
            Echo.Json(),
            """{"inputs":[{"name":"age","shape":[1],"datatype":"FP32","data":[1]},{"name":"person_id","shape":[1],"datatype":"BYTES","data":["\u00e4"]}]}""",
        ];
        string[] models = ["linear", "echo", "plain"];
        var statuses = new Dictionary<HttpStatusCode, int>();
        for (var i = 0; i < 1000; i++)
        {
            var which = random.Next(good.Length);
            var body = Damage(Encoding.UTF8.GetBytes(good[which]), random);
            using var request = new HttpRequestMessage(HttpMethod.Post, $"/v2/models/{models[which]}/infer") { Content = new ByteArrayContent(body) };
            if (random.Next(4) == 0)
            {
                request.Content.Headers.TryAddWithoutValidation("Inference-Header-Content-Length", random.Next(-2, body.Length + 3).ToString(System.Globalization.CultureInfo.InvariantCulture));
            }

            using var response = await shared.Http.SendAsync(request);
            var text = await response.Content.ReadAsStringAsync();
            statuses[response.StatusCode] = statuses.GetValueOrDefault(response.StatusCode) + 1;
            Assert.True((int)response.StatusCode is 200 or (>= 400 and < 500), $"{response.StatusCode} {text} for {Encoding.UTF8.GetString(body)}");
        }

        Assert.True(statuses.GetValueOrDefault(HttpStatusCode.BadRequest) > 500);
    }

    private static byte[] Damage(byte[] body, Random random)
    {
        var damaged = body.ToList();
        for (var edits = random.Next(1, 5); edits > 0 && damaged.Count > 0; edits--)
        {
            var at = random.Next(damaged.Count);
            switch (random.Next(5))
            {
                case 0: damaged[at] = (byte)random.Next(256); break;
                case 1: damaged.RemoveAt(at); break;
                case 2: damaged.Insert(at, (byte)"{}[],:\"\\0-eE.ntf"[random.Next(16)]); break;
                case 3: damaged.RemoveRange(at, damaged.Count - at); break;
                default:
                    var length = random.Next(damaged.Count - at);
                    damaged.InsertRange(random.Next(damaged.Count), damaged.GetRange(at, length));
                    break;
            }
        }

        return [.. damaged];
    }
}

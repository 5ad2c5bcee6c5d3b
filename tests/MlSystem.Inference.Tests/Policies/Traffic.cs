using System.Text.Json;
using Grpc.Core;
using MlSystem.Contracts;
using MlSystem.Inference.Protocols.Grpc;
using MlSystem.Inference.Tests.Fixture;

namespace MlSystem.Inference.Tests.Policies;

/// <summary>Endpoints with several variants, asked over both protocols.</summary>
internal static class Traffic
{
    public static EndpointVariant Variant(string name, int version, double weight = 1, string role = VariantRole.Live, string model = "linear") =>
        new() { Name = name, Model = model, Version = version, Weight = weight, Role = role };

    public static EndpointPolicy Sticky(string key) => new() { Kind = PolicyKind.Sticky, Key = key };

    /// <summary>Versions 1 to 3 of <c>linear</c> with biases 0, 1000, 2000, and <c>columns</c> 1 and 2.</summary>
    public static async Task<RegistryDouble> RegistryAsync(string endpoint, IReadOnlyList<EndpointVariant> variants, EndpointPolicy? policy = null)
    {
        var registry = new RegistryDouble();
        for (var version = 1; version <= 3; version++)
        {
            registry.AddVersion("linear", version, ModelFolder.Linear(bias: 1000 * (version - 1)));
            registry.AddVersion("columns", version, ModelFolder.Columns());
        }

        registry.SetEndpoint(endpoint, variants, policy);
        await registry.StartAsync();
        return registry;
    }

    /// <summary>The variant that answered, the same by header and parameter.</summary>
    public static async Task<string> RestAsync(this InferenceServer server, string endpoint, string body, string? header = null, string? value = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/v2/models/{endpoint}/infer") { Content = Requests.Json(body) };
        if (header is not null)
        {
            request.Headers.TryAddWithoutValidation(header, value);
        }

        using var response = await server.Http.SendAsync(request);
        using var json = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        Assert.True(response.IsSuccessStatusCode, json.RootElement.ToString());
        var variant = json.RootElement.GetProperty("parameters").GetProperty("variant").GetString()!;
        Assert.Equal(variant, response.Headers.GetValues("X-Variant").Single());
        return variant;
    }

    public static async Task<string> GrpcAsync(this InferenceServer server, ModelInferRequest request, string? header = null, string? value = null)
    {
        var metadata = header is null ? [] : new Metadata { { header, value! } };
        return (await server.Grpc.ModelInferAsync(request, metadata)).Parameters["variant"].StringParam;
    }

    public static ModelInferRequest LinearRequest(string endpoint) => new()
    {
        ModelName = endpoint,
        Inputs = { new ModelInferRequest.Types.InferInputTensor { Name = "x", Datatype = "FP32", Shape = { 1, 3 }, Contents = new InferTensorContents { Fp32Contents = { 1, 0, 0 } } } },
    };

    public static string ColumnsBody(params string[] people) => $$"""
        {"inputs":[{"name":"age","shape":[{{people.Length}}],"datatype":"FP32","data":[{{Repeat("1.5", people.Length)}}]},{"name":"income","shape":[{{people.Length}}],"datatype":"FP64","data":[{{Repeat("2", people.Length)}}]},
        {"name":"plan","shape":[{{people.Length}}],"datatype":"BYTES","data":[{{Repeat("\"basic\"", people.Length)}}]},{"name":"person_id","shape":[{{people.Length}}],"datatype":"BYTES","data":[{{string.Join(',', people.Select(p => $"\"{p}\""))}}]}]}
        """;

    public static ModelInferRequest ColumnsRequest(string endpoint, string person) => new()
    {
        ModelName = endpoint,
        Inputs =
        {
            Column("age", "FP32", new InferTensorContents { Fp32Contents = { 1.5f } }), Column("income", "FP64", new InferTensorContents { Fp64Contents = { 2 } }),
            Column("plan", "BYTES", new InferTensorContents { BytesContents = { Google.Protobuf.ByteString.CopyFromUtf8("basic") } }),
            Column("person_id", "BYTES", new InferTensorContents { BytesContents = { Google.Protobuf.ByteString.CopyFromUtf8(person) } }),
        },
    };

    public static async Task<JsonElement> PolicyAsync(this InferenceServer server, string endpoint)
    {
        using var json = JsonDocument.Parse(await server.Http.GetStringAsync($"/v2/models/{endpoint}/policy"));
        return json.RootElement.Clone();
    }

    public static JsonElement Variant(this JsonElement policy, string name) =>
        policy.GetProperty("variants").EnumerateArray().Single(variant => variant.GetProperty("name").GetString() == name);

    /// <summary>Waits until a counter or gauge of the server adds up to a value over the samples that have all of these labels.</summary>
    public static async Task MetricIsAsync(this InferenceServer server, double expected, string name, params (string Label, string Value)[] labels)
    {
        var found = RecordedMetrics.Now(server, name, labels);
        for (var attempt = 0; found != expected && attempt < 200; attempt++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, CancellationToken.None);
            found = RecordedMetrics.Now(server, name, labels);
        }

        Assert.Equal(expected, found);
    }

    private static ModelInferRequest.Types.InferInputTensor Column(string name, string datatype, InferTensorContents contents) =>
        new() { Name = name, Datatype = datatype, Shape = { 1 }, Contents = contents };

    private static string Repeat(string value, int count) => string.Join(',', Enumerable.Repeat(value, count));
}

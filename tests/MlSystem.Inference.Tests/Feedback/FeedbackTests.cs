using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using MlSystem.Contracts;
using MlSystem.Inference.Tests.Fixture;
using MlSystem.ServiceDefaults.EventLog;
using MlSystem.Testing;

namespace MlSystem.Inference.Tests.Feedback;

public sealed class FeedbackTests
{
    private const string Id = "0198c0de-0000-7000-8000-000000000001/0";

    [Fact]
    public async Task Predictions_and_feedback_reach_the_event_log()
    {
        await using var registry = new RegistryDouble();
        registry.AddVersion("columns", 1, ModelFolder.Columns());
        registry.SetEndpoint(
            "columns", [new EndpointVariant { Name = "champion", Model = "columns", Version = 1 }], logging: new EndpointLogging { SensitiveColumns = ["income"] });
        await registry.StartAsync();
        await using var server = await InferenceServer.StartAsync(registry.Url);
        var (status, body) = await server.InferAsync("columns", """
            {"id":"c","inputs":[{"name":"age","shape":[2],"datatype":"FP32","data":[1,2.5]},{"name":"income","shape":[2],"datatype":"FP64","data":[null,1]},
            {"name":"plan","shape":[2],"datatype":"BYTES","data":["a","b"]},{"name":"person_id","shape":[2],"datatype":"BYTES","data":["p","q"]}]}
            """);
        Assert.Equal(200, status);
        var log = server.Services.GetRequiredService<IEventLog>();
        var logged = await ReadAsync(log, Topics.Predictions);
        Assert.Equal(EventTypes.PredictionBatch, logged.Headers["ce_type"]);
        var batch = JsonSerializer.Deserialize(logged.Value.Span, ContractsJson.Default.PredictionBatchEvent)!;
        Assert.Equal(
            (body.RequestId(), "c", "columns", 1L, 1, "champion", "live", 2),
            (batch.RequestIds.Single(), batch.ClientIds![0], batch.Endpoint, batch.EndpointRevision, batch.Version, batch.Variant, batch.Role, batch.Rows!.Single()));
        Assert.Equal(["age", "plan"], batch.Inputs.Keys);
        Assert.Equal([1, 2.5f], MemoryMarshal.Cast<byte, float>(batch.Inputs["age"].Data.Span).ToArray());
        Assert.Equal("\x01\0\0\0p\x01\0\0\0q"u8.ToArray(), batch.JoinKeys["person_id"].Data.ToArray());
        Assert.Equal([double.NaN, 1], MemoryMarshal.Cast<byte, double>(batch.Outputs["income_out"].Data.Span).ToArray());
        Assert.Equal([-1, 1], batch.Outputs["income_out"].Shape);
        Assert.Equal(body.RequestId()[..13], Guid.CreateVersion7(batch.Time).ToString()[..13]);
        var prediction = new { RequestId = batch.RequestIds[0] };

        using var accepted = await server.Http.PostAsync("/v2/models/columns/feedback", Requests.Json($$"""[{"id":"{{prediction.RequestId}}/1","label":"No","timestamp":"2026-01-02T03:04:05Z"}]"""));
        Assert.Equal(202, (int)accepted.StatusCode);
        var feedback = JsonSerializer.Deserialize((await ReadAsync(log, Topics.Feedback)).Value.Span, ContractsJson.Default.FeedbackEvent)!;
        Assert.Equal((prediction.RequestId, 1, "columns", "No"), (feedback.RequestId, feedback.Row, feedback.Endpoint, feedback.Label!.Value.GetString()));
        Assert.Contains(feedback.FeedbackId, await accepted.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""[{"id":"x","label":1},{"id":"0198c0de-0000-7000-8000-000000000001/0"},{"id":"0198c0de-0000-7000-8000-000000000001/0","label":[],"reward":"a","more":1}]""",
        "[0] needs an id|[1] needs a label or a reward|[2] has the unknown field 'more'|[2] its label must be|[2] its reward must be a finite number")]
    [InlineData("[]", "0 items")]
    [InlineData("{", "malformed JSON")]
    [InlineData("""{"id":"0198c0de-0000-7000-8000-000000000001/0","label":"\ud800"}""", "invalid escape")]
    public async Task Wrong_feedback_is_refused_whole_and_every_error_is_told(string body, string expected)
    {
        await using var registry = new RegistryDouble();
        registry.AddVersion("linear", 1, ModelFolder.Linear());
        registry.SetEndpoint("linear", 1);
        await registry.StartAsync();
        await using var server = await InferenceServer.StartAsync(registry.Url);
        using var response = await server.Http.PostAsync("/v2/models/linear/feedback", Requests.Json(body));
        var text = await response.Content.ReadAsStringAsync();
        Assert.True((int)response.StatusCode == 400, text);
        using var json = JsonDocument.Parse(text);
        Assert.All(expected.Split('|'), part => Assert.Contains(part, json.RootElement.Error(), StringComparison.Ordinal));
        using var unknown = await server.Http.PostAsync("/v2/models/nothing/feedback", Requests.Json($$"""{"id":"{{Id}}","reward":1}"""));
        Assert.Equal(404, (int)unknown.StatusCode);
    }

    [Fact]
    public async Task Acknowledged_feedback_survives_kill_9()
    {
        await using var registry = new RegistryDouble();
        registry.AddVersion("linear", 1, ModelFolder.Linear());
        registry.SetEndpoint("linear", 1);
        await registry.StartAsync();
        using var data = new TempFolder();
        var ports = FreePort.Next(2);
        using var http = new HttpClient { BaseAddress = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{ports[0]}")) };
        string accepted;
        await using (var process = ServerProcess.Start("dotnet", [Path.Combine(AppContext.BaseDirectory, "MlSystem.Inference.dll"), .. InferenceServer.Arguments(ports, data.Path, registry.Url, null, null)]))
        {
            await process.WaitUntilAsync(async token => (await http.GetAsync("/v2/health/ready", token)).IsSuccessStatusCode, TimeSpan.FromSeconds(30));
            using var response = await http.PostAsync("/v2/models/linear/feedback", Requests.Json($$"""{"id":"{{Id}}","reward":1}"""));
            accepted = await response.Content.ReadAsStringAsync();
            await process.KillAsync();
        }

        await using var next = await InferenceServer.StartAsync(registry.Url, settings: new Dictionary<string, string>(StringComparer.Ordinal) { ["MlSystem:DataDirectory"] = data.Path });
        var stored = await ReadAsync(next.Services.GetRequiredService<IEventLog>(), Topics.Feedback);
        Assert.Contains(stored.Headers["ce_id"], accepted, StringComparison.Ordinal);
    }

    private static async Task<LogEvent> ReadAsync(IEventLog log, string topic)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await using var consumer = log.Subscribe(topic, "test");
        return (await consumer.ReadAsync(1, deadline.Token))[0].Event;
    }
}

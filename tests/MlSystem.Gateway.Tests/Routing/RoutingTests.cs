using System.Net;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace MlSystem.Gateway.Tests.Routing;

public sealed class RoutingTests
{
    [Fact]
    public async Task Every_path_reaches_its_service()
    {
        await using var system = await StubSystem.StartAsync();
        await using var gateway = await GatewayProcess.StartAsync(system.Services);
        var expected = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["/v2"] = "inference",
            ["/v2/models/churn/infer?x=1"] = "inference",
            ["/api/2.0/mlflow/experiments/get"] = "registry",
            ["/api/2.0/mlflow-artifacts/artifacts/1/a.onnx"] = "registry",
            ["/version"] = "registry",
            ["/api/3.0/mlflow/server-info"] = "registry",
            ["/ajax-api/2.0/mlflow/runs/search"] = "registry",
            ["/api/signing-keys"] = "registry",
            ["/api/purge"] = "registry",
            ["/api/data-subjects/s-1"] = "registry",
            ["/api/artifacts/gc"] = "registry",
            ["/api/models/churn/versions/1/lineage"] = "registry",
            ["/api/models"] = "registry",
            ["/api/models/churn/versions/1"] = "registry",
            ["/api/endpoints"] = "registry",
            ["/api/endpoints/churn"] = "registry",
            ["/api/endpoints/churn/history"] = "registry",
            ["/api/audit"] = "registry",
            ["/api/endpoints/churn/performance"] = "monitor",
            ["/api/endpoints/churn/drift"] = "monitor",
            ["/api/endpoints/churn/report"] = "monitor",
            ["/api/endpoints/churn/predictions"] = "monitor",
            ["/api/monitors"] = "monitor",
            ["/api/monitors/served"] = "monitor",
            ["/api/alerts/7"] = "monitor",
            ["/api/rollouts"] = "monitor",
            ["/api/pipelines/churn/runs"] = "training",
            ["/api/runs/1"] = "training",
            ["/api/runs/1/events"] = "training",
            ["/api/learners"] = "training",
            ["/api/trainers"] = "training",
            ["/api/labels"] = "training",
            ["/api/samples/churn"] = "training",
            ["/get-online-features"] = "features",
            ["/push"] = "features",
            ["/write-to-online-store"] = "features",
            ["/materialize"] = "features",
            ["/materialize-incremental"] = "features",
            ["/api/apply"] = "features",
            ["/api/feature-views/v/rows"] = "features",
            ["/api/feature-services/s"] = "features",
            ["/api/sources"] = "features",
            ["/api/stream-feature-views/v"] = "features",
            ["/api/on-demand-feature-views/v"] = "features",
            ["/api/entities"] = "features",
            ["/api/materializations/1/cancel"] = "features",
            ["/api/consistency"] = "features",
            ["/api/erasures/1"] = "features",
            ["/api/materializations/1/events"] = "features",
            ["/api/historical-features"] = "features",
        };
        foreach (var (path, service) in expected)
        {
            Assert.Equal($"{service} HTTP/1.1 GET {path}", await gateway.Http.GetStringAsync(path));
        }

        foreach (var service in Gateway.Routing.Routes.Services)
        {
            Assert.Equal($"{service} HTTP/1.1 GET /openapi/v1.json", await gateway.Http.GetStringAsync($"/openapi/{service}.json"));
        }
    }

    [Theory]
    [InlineData("/inference.GRPCInferenceService/ModelInfer", "inference")]
    [InlineData("/mlsystem.inference.Explanations/Explain", "inference")]
    [InlineData("/grpc.health.v1.Health/Check", "inference")]
    [InlineData("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", "inference")]
    [InlineData("/mlsystem.features.v1.FeatureStore/GetOnlineFeatures", "features")]
    public async Task Grpc_is_http_2_on_both_sides_with_its_trailers(string path, string service)
    {
        await using var stub = await StubService.StartAsync(service, app => app.MapPost(path, async (HttpContext context) =>
        {
            context.Response.ContentType = "application/grpc";
            await context.Request.Body.CopyToAsync(context.Response.Body);
            context.Response.AppendTrailer("grpc-status", "0");
            context.Response.AppendTrailer("protocol", context.Request.Protocol);
        }));
        await using var gateway = await GatewayProcess.StartAsync([stub]);
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Content = new ByteArrayContent([0, 0, 0, 0, 2, 7, 8]);
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        request.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
        var answer = await gateway.Grpc.SendAsync(request);
        Assert.Equal(new byte[] { 0, 0, 0, 0, 2, 7, 8 }, await answer.Content.ReadAsByteArrayAsync());
        Assert.Equal(("0", "HTTP/2"), (answer.TrailingHeaders.GetValues("grpc-status").Single(), answer.TrailingHeaders.GetValues("protocol").Single()));
    }

    [Fact]
    public async Task Streams_pass_through_as_they_come()
    {
        var proceed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var training = await StubService.StartAsync("training", app => app.MapGet("/api/runs/1/events", async (HttpContext context) =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync("data: one\n\n");
            await context.Response.Body.FlushAsync();
            await proceed.Task;
            await context.Response.WriteAsync("data: two\n\n");
        }));
        await using var gateway = await GatewayProcess.StartAsync([training]);
        using var answer = await gateway.Http.GetAsync("/api/runs/1/events", HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());
        // The service has not written the second event, so the first can't have waited for it.
        Assert.Equal("data: one", await reader.ReadLineAsync());
        proceed.SetResult();
        Assert.Equal("\ndata: two\n\n", await reader.ReadToEndAsync());
    }

    [Fact]
    public async Task Replicas_share_the_work_and_a_dead_one_is_left_out()
    {
        var one = await StubService.StartAsync("inference", app => app.MapGet("/v2/who", () => "one"));
        await using var two = await StubService.StartAsync("inference", app => app.MapGet("/v2/who", () => "two"));
        await using var gateway = await GatewayProcess.StartAsync([one, two], ("MlSystem:Gateway:HealthProbeSeconds", "60"));
        var answers = new List<string>();
        for (var i = 0; i < 40; i++)
        {
            answers.Add(await gateway.Http.GetStringAsync("/v2/who"));
        }

        Assert.Contains("one", answers);
        Assert.Contains("two", answers);
        await one.DisposeAsync();
        var failures = 0;
        for (var i = 0; i < 40; i++)
        {
            using var answer = await gateway.Http.GetAsync("/v2/who");
            failures += answer.IsSuccessStatusCode ? 0 : 1;
        }

        // The first request that meets the dead replica takes it out of rotation.
        Assert.InRange(failures, 0, 1);
    }

    [Fact]
    public async Task Credentials_and_the_request_id_go_along()
    {
        await using var inference = await StubService.StartAsync("inference", app => app.MapGet("/v2/seen", (HttpRequest request) => $"{request.Headers.Authorization} {request.Headers["X-Request-Id"]}"));
        await using var gateway = await GatewayProcess.StartAsync([inference], ("MlSystem:ApiKeys:alice", "alices-key"));
        Assert.Equal(HttpStatusCode.Unauthorized, (await gateway.Http.GetAsync("/v2/seen")).StatusCode);
        gateway.Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "alices-key");
        var answer = await gateway.Http.GetAsync("/v2/seen");
        Assert.Equal($"Bearer alices-key {answer.Headers.GetValues("X-Request-Id").Single()}", await answer.Content.ReadAsStringAsync());
    }
}

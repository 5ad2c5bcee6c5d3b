using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace MlSystem.Gateway.Tests.Failures;

public sealed class FailureTests
{
    private const string Unreachable = "can't be reached at the moment.";

    [Fact]
    public async Task A_service_that_is_away_is_answered_for_in_its_protocols_form()
    {
        await using var gateway = await GatewayProcess.StartAsync([]);
        var expected = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["/v2/models/m"] = $$"""{"error":"The service 'inference' {{Unreachable}}"}""",
            ["/api/2.0/mlflow/runs/get"] = $$"""{"error_code":"TEMPORARILY_UNAVAILABLE","message":"The service 'registry' {{Unreachable}}"}""",
            ["/get-online-features"] = $$"""{"detail":"The service 'features' {{Unreachable}}"}""",
        };
        foreach (var (path, body) in expected)
        {
            var answer = await gateway.Http.GetAsync(path);
            Assert.Equal((HttpStatusCode.ServiceUnavailable, body, TimeSpan.FromSeconds(1)), (answer.StatusCode, await answer.Content.ReadAsStringAsync(), answer.Headers.RetryAfter?.Delta));
        }

        var native = await gateway.Http.GetAsync("/api/endpoints/churn");
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "application/problem+json"), (native.StatusCode, native.Content.Headers.ContentType?.MediaType));
        Assert.Equal("14", await GrpcStatusAsync(gateway, "/inference.GRPCInferenceService/ServerLive"));
        Assert.Equal("12", await GrpcStatusAsync(gateway, "/unknown.Service/Method"));
    }

    [Theory]
    [InlineData("/v2x", "application/problem+json")]
    [InlineData("/api/2.0/unknown", "application/json")]
    public async Task An_unknown_path_is_said_to_be_one(string path, string type)
    {
        await using var gateway = await GatewayProcess.StartAsync([]);
        var answer = await gateway.Http.GetAsync(path);
        Assert.Equal((HttpStatusCode.NotFound, type), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
    }

    [Fact]
    public async Task A_service_that_does_not_answer_in_time_is_a_504()
    {
        await using var inference = await StubService.StartAsync("inference", app => app.MapGet("/v2/slow", (HttpContext context) => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted)));
        await using var gateway = await GatewayProcess.StartAsync([inference], ("MlSystem:Gateway:ActivityTimeoutSeconds", "0.3"));
        var answer = await gateway.Http.GetAsync("/v2/slow");
        Assert.Equal((HttpStatusCode.GatewayTimeout, """{"error":"The service 'inference' did not answer within 0.3 s."}"""), (answer.StatusCode, await answer.Content.ReadAsStringAsync()));
    }

    [Fact]
    public async Task What_a_service_answers_is_passed_on_as_it_is()
    {
        await using var registry = await StubService.StartAsync("registry", app =>
        {
            app.MapGet("/api/models/none", () => Results.NotFound());
            app.MapGet("/api/models/own", () => Results.Json(new { mine = true }, statusCode: 418));
        });
        await using var gateway = await GatewayProcess.StartAsync([registry]);
        var none = await gateway.Http.GetAsync("/api/models/none");
        Assert.Equal((HttpStatusCode.NotFound, ""), (none.StatusCode, await none.Content.ReadAsStringAsync()));
        var own = await gateway.Http.GetAsync("/api/models/own");
        Assert.Equal((418, """{"mine":true}"""), ((int)own.StatusCode, await own.Content.ReadAsStringAsync()));
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, true)]
    public async Task A_body_of_100_MB_is_refused_at_once_but_an_artifact_may_be_as_large(bool expectContinue, bool chunkedUpload)
    {
        await using var artifacts = await StubService.StartAsync("registry", app => app.MapPut("/api/2.0/mlflow-artifacts/artifacts/a", async (HttpRequest request) =>
        {
            var total = 0L;
            var buffer = new byte[1 << 16];
            while (await request.Body.ReadAsync(buffer) is > 0 and var read)
            {
                total += read;
            }

            return total.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }));
        await using var inference = await StubService.StartAsync("inference", app => app.MapPost("/v2/models/m/infer", (HttpRequest request) => request.Body.CopyToAsync(Stream.Null)));
        await using var gateway = await GatewayProcess.StartAsync([artifacts, inference]);
        var body = new byte[100_000_000];

        var clock = Stopwatch.StartNew();
        using var infer = new HttpRequestMessage(HttpMethod.Post, "/v2/models/m/infer") { Content = new ByteArrayContent(body) };
        infer.Headers.ExpectContinue = expectContinue;
        var refused = await gateway.Http.SendAsync(infer);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, refused.StatusCode);
        Assert.StartsWith("{\"error\":", await refused.Content.ReadAsStringAsync());
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(5));

        using var upload = new HttpRequestMessage(HttpMethod.Put, "/api/2.0/mlflow-artifacts/artifacts/a") { Content = new ByteArrayContent(body) };
        upload.Headers.TransferEncodingChunked = chunkedUpload;
        Assert.Equal("100000000", await (await gateway.Http.SendAsync(upload)).Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("/api/feature-views/v/rows")]
    [InlineData("/api/historical-features?feature_service=s")]
    public async Task Rows_may_be_more_than_the_usual_limit(string path)
    {
        static async Task<string> CountAsync(HttpRequest request)
        {
            using var sink = new MemoryStream();
            await request.Body.CopyToAsync(sink);
            return sink.Length.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        await using var features = await StubService.StartAsync("features", app =>
        {
            app.MapPost("/api/feature-views/v/rows", CountAsync);
            app.MapPost("/api/historical-features", CountAsync);
        });
        await using var gateway = await GatewayProcess.StartAsync([features]);
        using var body = new ByteArrayContent(new byte[100_000_000]);
        using var answer = await gateway.Http.PostAsync(path, body);
        Assert.Equal("100000000", await answer.Content.ReadAsStringAsync());
    }

    internal static async Task<string> GrpcStatusAsync(GatewayProcess gateway, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = new ByteArrayContent(new byte[5]),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        var answer = await gateway.Grpc.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return answer.Headers.GetValues("grpc-status").Single();
    }
}

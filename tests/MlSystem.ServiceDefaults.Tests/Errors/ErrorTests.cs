using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using MlSystem.ServiceDefaults.Errors;

namespace MlSystem.ServiceDefaults.Tests.Errors;

public sealed class ErrorTests
{
    [Theory]
    [InlineData("GET", "/nope", null, 404, "There is nothing at /nope.")]
    [InlineData("GET", "/things", null, 405, "GET is not allowed at /things; allowed: POST.")]
    [InlineData("POST", "/things", "text/plain|{}", 415, "The content type 'text/plain' is not accepted at /things; accepted: application/json.")]
    [InlineData("POST", "/things", "application/json|{\"name\":\"a\",\"count\":\"x\"}", 400, "$.count (line 1, byte")]
    [InlineData("POST", "/things", "application/json|{\"name\":\"a\",\n\"count\":1,,}", 400, "(line 2, byte 11)")]
    [InlineData("POST", "/things", "application/json|{\"name\":\"a\",\"count\":NaN}", 400, "$.count")]
    [InlineData("POST", "/things", "application/json|{\"name\":\"a\",\"count\":1,\"colour\":2}", 400, "colour")]
    [InlineData("POST", "/things", "application/json|{\"name\":\"a\",\"count\":1,\"count\":2}", 400, "count")]
    [InlineData("POST", "/things", "application/json|{\"count\":1}", 400, "name")]
    [InlineData("GET", "/number/x", null, 400, "int n")]
    [InlineData("GET", "/known", null, 409, "already there")]
    [InlineData("GET", "/unreachable", null, 503, "can't be reached")]
    public async Task Errors_are_problem_details_that_say_what_and_where(string method, string path, string? content, int status, string detail)
    {
        await using var service = await StartAsync();
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (content?.Split('|', 2) is [var type, var text])
        {
            request.Content = new StringContent(text, Encoding.UTF8, new MediaTypeHeaderValue(type));
        }

        var answer = await service.Client.SendAsync(request);
        Assert.Equal((status, "application/problem+json"), ((int)answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        var body = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
        Assert.Contains(detail, (string)body["detail"]!);
        Assert.Equal((status, path, answer.Headers.GetValues("X-Request-Id").Single()), ((int)body["status"]!, (string?)body["instance"], (string?)body["request_id"]));
    }

    [Fact]
    public async Task An_unexpected_exception_tells_no_internals_and_is_logged_under_the_request_id()
    {
        await using var service = await StartAsync();
        var answer = await service.Client.GetAsync("/broken");
        Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.DoesNotContain("secret", text);
        var id = (string)JsonNode.Parse(text)!["request_id"]!;
        Assert.Contains(service.Log.All, line => line.StartsWith("Error", StringComparison.Ordinal) && line.Contains(id, StringComparison.Ordinal) && line.Contains("secret", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_typed_problem_has_the_request_id()
    {
        await using var service = await StartAsync();
        var answer = await service.Client.GetAsync("/typed");
        var body = await answer.Content.ReadFromJsonAsync<JsonObject>();
        Assert.Equal(answer.Headers.GetValues("X-Request-Id").Single(), (string?)body!["request_id"]);
        Assert.Equal(["must be positive"], body["errors"]!["count"]!.AsArray().Select(error => (string)error!));
    }

    [Theory]
    [InlineData("/v2/nope", 404, """{"error":"There is nothing at /v2/nope."}""")]
    [InlineData("/v2/known", 409, """{"error":"already there"}""")]
    [InlineData("/v2/deep/nope", 404, """{"deep":404}""")]
    [InlineData("/own", 409, """{"own":"already there"}""")]
    [InlineData("/v2x", 404, null)]
    public async Task A_protocol_has_its_own_form_below_its_path(string path, int status, string? body)
    {
        await using var service = await StartAsync();
        var answer = await service.Client.GetAsync(path);
        Assert.Equal(status, (int)answer.StatusCode);
        if (body is null)
        {
            Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        }
        else
        {
            Assert.Equal((body, "application/json"), (await answer.Content.ReadAsStringAsync(), answer.Content.Headers.ContentType?.MediaType));
        }
    }

    [Theory]
    [InlineData(false, "/v2/bytes", 1001, 413)]
    [InlineData(true, "/v2/bytes", 100_000, 413)]
    [InlineData(false, "/v2/bytes", 1000, 200)]
    [InlineData(true, "/v2/bytes", 900, 200)]
    [InlineData(false, "/v2/lifted", 100_000, 200)]
    [InlineData(true, "/v2/lifted", 100_000, 200)]
    public async Task A_body_over_the_limit_is_refused_in_the_protocols_form_unless_the_endpoint_lifts_it(bool chunked, string path, int size, int status)
    {
        await using var service = await StartAsync(("MlSystem:MaxRequestBodyBytes", "1000"));
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent(new byte[size]) };
        request.Headers.TransferEncodingChunked = chunked;
        var answer = await service.Client.SendAsync(request);
        Assert.Equal(status, (int)answer.StatusCode);
        if (status == 413)
        {
            Assert.StartsWith("{\"error\":", await answer.Content.ReadAsStringAsync());
        }
    }

    [Fact]
    public async Task A_grpc_request_that_reaches_no_service_gets_a_grpc_status()
    {
        await using var service = await StartAsync(("MlSystem:ApiKeys:bob", "k"));
        using var http2 = new HttpClient { BaseAddress = service.GrpcAddress, DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        async Task<string> StatusAsync(string? key)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/some.Service/Method") { Content = new ByteArrayContent(new byte[5]), Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
            if (key is not null)
            {
                request.Headers.Add("x-api-key", key);
            }

            var answer = await http2.SendAsync(request);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            return answer.Headers.GetValues("grpc-status").Single();
        }

        Assert.Equal("16", await StatusAsync(null));
        Assert.Equal("12", await StatusAsync("k"));
    }

    private static Task<TestService> StartAsync(params (string, string?)[] settings) => TestService.StartAsync(
        builder => builder.Services
            .AddErrorForm("/v2", (json, error) => json.WriteString("error", error.Message))
            .AddErrorForm("/v2/deep", (json, error) => json.WriteNumber("deep", error.Status)),
        app =>
        {
            app.MapPost("/things", (Thing thing) => thing);
            app.MapGet("/number/{n}", (int n) => n);
            app.MapGet("/known", string () => throw new ErrorAnswerException(409, "already there"));
            app.MapGet("/v2/known", string () => throw new ErrorAnswerException(409, "already there"));
            app.MapGet("/own", string () => throw new ErrorAnswerException(409, "already there"))
                .WithMetadata(new ErrorForm("/", (json, error) => json.WriteString("own", error.Message)));
            app.MapGet("/unreachable", string () => throw new HttpRequestException("refused"));
            app.MapGet("/broken", string () => throw new InvalidOperationException("secret"));
            app.MapGet("/typed", () => TypedResults.ValidationProblem(new Dictionary<string, string[]> { ["count"] = ["must be positive"] }));
            app.MapPost("/v2/bytes", CountAsync);
            app.MapPost("/v2/lifted", CountAsync).WithMetadata(new DisableRequestSizeLimitAttribute());
        },
        settings);

    private static async Task<long> CountAsync(HttpRequest request)
    {
        var buffer = new MemoryStream();
        await request.Body.CopyToAsync(buffer);
        return buffer.Length;
    }

    private sealed record Thing
    {
        public required string Name { get; init; }

        public required int Count { get; init; }
    }
}

using System.Collections.Concurrent;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using MlSystem.ServiceDefaults.Clients;

namespace MlSystem.ServiceDefaults.Tests.Clients;

public sealed class ServiceClientTests
{
    [Theory]
    [InlineData("GET", false, 3)]
    [InlineData("HEAD", false, 3)]
    [InlineData("POST", false, 1)]
    [InlineData("PUT", false, 1)]
    [InlineData("DELETE", false, 1)]
    [InlineData("PUT", true, 3)]
    [InlineData("POST", true, 3)]
    public async Task Only_what_is_idempotent_is_retried(string method, bool declared, int calls)
    {
        var seen = 0;
        await using var server = await TestService.StartAsync(null, app => app.Map("/flaky", () => Interlocked.Increment(ref seen) < 3 ? Results.StatusCode(503) : Results.Ok()));
        await using var caller = await CallerAsync(server.Address);
        using var request = new HttpRequestMessage(new HttpMethod(method), "/flaky");
        var answer = await caller.Services.GetRequiredService<Api>().Http.SendAsync(declared ? request.AsIdempotent() : request);
        Assert.Equal((calls, calls == 3), (seen, answer.IsSuccessStatusCode));
    }

    [Fact]
    public async Task Several_addresses_take_turns()
    {
        await using var one = await TestService.StartAsync(null, app => app.MapGet("/who", () => "one"));
        await using var two = await TestService.StartAsync(null, app => app.MapGet("/who", () => "two"));
        await using var caller = await CallerAsync(one.Address, ("services:registry:http:1", two.Address.ToString()));
        var http = caller.Services.GetRequiredService<Api>().Http;
        var answers = new List<string>();
        for (var i = 0; i < 10; i++)
        {
            answers.Add(await http.GetStringAsync("/who"));
        }

        Assert.Equal((5, 5), (answers.Count(answer => answer == "one"), answers.Count(answer => answer == "two")));
    }

    [Fact]
    public async Task The_own_key_the_request_id_and_the_trace_go_along()
    {
        await using var server = await TestService.StartAsync(
            null,
            app => app.MapGet("/seen", (HttpContext context) => $"{context.User.Identity!.Name} {context.TraceIdentifier} {context.Request.Headers.TraceParent}"),
            ("MlSystem:ApiKeys:caller", "callers-key"));
        await using var caller = await TestService.StartAsync(
            builder => builder.AddServiceClient<Api>("registry"),
            app => app.MapGet("/ask", (Api api) => api.Http.GetStringAsync("/seen")),
            ("services:registry:http:0", server.Address.ToString()), ("MlSystem:ApiKey", "callers-key"));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/ask");
        request.Headers.Add("X-Request-Id", "my-request");
        request.Headers.Add("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        var answer = await (await caller.Client.SendAsync(request)).Content.ReadAsStringAsync();
        Assert.StartsWith("caller my-request 00-0af7651916cd43dd8448eb211c80319c-", answer);
    }

    [Fact]
    public async Task An_attempt_that_takes_too_long_is_given_up_unless_the_request_has_more_time()
    {
        await using var server = await TestService.StartAsync(null, app => app.MapPost("/slow", async (HttpContext context) =>
        {
            await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System, context.RequestAborted);
            return "slow";
        }));
        await using var caller = await CallerAsync(server.Address, ("MlSystem:Clients:AttemptTimeoutSeconds", "0.4"));
        var http = caller.Services.GetRequiredService<Api>().Http;
        using var hasty = new HttpRequestMessage(HttpMethod.Post, "/slow");
        await Assert.ThrowsAsync<Polly.Timeout.TimeoutRejectedException>(() => http.SendAsync(hasty));
        using var patient = new HttpRequestMessage(HttpMethod.Post, "/slow");
        Assert.True((await http.SendAsync(patient.WithTimeout(TimeSpan.FromSeconds(5)))).IsSuccessStatusCode);
    }

    [Fact]
    public async Task A_service_that_keeps_failing_is_left_alone_for_a_while()
    {
        var seen = 0;
        await using var server = await TestService.StartAsync(null, app => app.MapPost("/broken", () =>
        {
            Interlocked.Increment(ref seen);
            return Results.StatusCode(500);
        }));
        await using var caller = await CallerAsync(server.Address);
        var http = caller.Services.GetRequiredService<Api>().Http;
        var refused = 0;
        for (var i = 0; i < 150; i++)
        {
            try
            {
                using var answer = await http.PostAsync("/broken", null);
            }
            catch (Polly.CircuitBreaker.BrokenCircuitException)
            {
                refused++;
            }
        }

        Assert.Equal((100, 50), (seen, refused));
    }

    [Fact]
    public async Task A_grpc_call_has_a_deadline_the_key_and_ends_clearly_when_nobody_is_there()
    {
        var headers = new ConcurrentDictionary<string, string>(StringComparer.Ordinal);
        await using var server = await TestService.StartAsync(
            null,
            app => app.MapPost("/test.Echo/Say", async (HttpContext context) =>
            {
                headers["timeout"] = context.Request.Headers["grpc-timeout"].ToString();
                headers["name"] = context.User.Identity!.Name!;
                headers["protocol"] = context.Request.Protocol;
                context.Response.ContentType = "application/grpc";
                await context.Response.Body.WriteAsync(new byte[5]);
                context.Response.AppendTrailer("grpc-status", "0");
            }),
            ("MlSystem:ApiKeys:caller", "callers-key"));
        await using var caller = await TestService.StartAsync(
            builder =>
            {
                builder.AddServiceGrpcClient<Echo>("features");
                builder.AddServiceGrpcClient<Lost>("inference");
            },
            null,
            ("services:features:grpc:0", server.GrpcAddress.ToString()), ("services:inference:grpc:0", $"http://127.0.0.1:{MlSystem.Testing.FreePort.Next()}"), ("MlSystem:ApiKey", "callers-key"));
        await caller.Services.GetRequiredService<Echo>().SayAsync();
        Assert.Equal(("caller", "HTTP/2"), (headers["name"], headers["protocol"]));
        Assert.NotEmpty(headers["timeout"]);

        var failure = await Assert.ThrowsAsync<RpcException>(() => caller.Services.GetRequiredService<Lost>().SayAsync());
        Assert.Equal(StatusCode.Unavailable, failure.StatusCode);
    }

    private static Task<TestService> CallerAsync(Uri address, params (string, string?)[] settings) => TestService.StartAsync(
        builder => builder.AddServiceClient<Api>("registry"), null,
        [("services:registry:http:0", address.ToString()), ("MlSystem:Clients:RetryDelayMs", "1"), .. settings]);

    private sealed class Api(HttpClient http)
    {
        public HttpClient Http => http;
    }

    private class Echo(CallInvoker invoker)
    {
        private static readonly Marshaller<byte[]> Bytes = Marshallers.Create(bytes => bytes, bytes => bytes);
        private static readonly Method<byte[], byte[]> Say = new(MethodType.Unary, "test.Echo", "Say", Bytes, Bytes);

        public Task<byte[]> SayAsync() => invoker.AsyncUnaryCall(Say, null, default, []).ResponseAsync;
    }

    private sealed class Lost(CallInvoker invoker) : Echo(invoker);
}

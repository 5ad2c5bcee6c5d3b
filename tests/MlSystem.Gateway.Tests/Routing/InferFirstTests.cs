using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using MlSystem.Gateway.Tests.Failures;

namespace MlSystem.Gateway.Tests.Routing;

/// <summary>Predictions pass in front of the middleware, but get nothing that it would refuse.</summary>
public sealed class InferFirstTests
{
    private const string Path = "/v2/models/m/infer";

    [Fact]
    public async Task A_prediction_goes_along_with_its_body_credentials_and_request_id()
    {
        await using var inference = await StubService.StartAsync("inference", app => app.MapPost(Path, async (HttpRequest request) =>
            $"{request.Headers["X-Api-Key"]} {request.Headers["X-Request-Id"]} {await new StreamReader(request.Body).ReadToEndAsync()}"));
        await using var gateway = await GatewayProcess.StartAsync([inference], ("MlSystem:ApiKeys:alice", "a"));
        gateway.Http.DefaultRequestHeaders.Add("X-Api-Key", "a");
        gateway.Http.DefaultRequestHeaders.Add("X-Request-Id", "mine");
        var answer = await gateway.Http.PostAsync(Path, new StringContent("rows"));
        Assert.Equal(("a mine rows", "mine"), (await answer.Content.ReadAsStringAsync(), answer.Headers.GetValues("X-Request-Id").Single()));
    }

    [Fact]
    public async Task What_the_middleware_would_refuse_is_refused_in_the_protocols_form()
    {
        await using var inference = await StubService.StartAsync("inference");
        await using var gateway = await GatewayProcess.StartAsync(
            [inference], ("MlSystem:ApiKeys:alice", "a"), ("MlSystem:Gateway:RequestsPerSecond", "1"), ("MlSystem:Gateway:Burst", "4"), ("MlSystem:MaxRequestBodyBytes", "1000"));
        await RefusedAsync(gateway, HttpStatusCode.Unauthorized, "An API key is needed", "rows");
        gateway.Http.DefaultRequestHeaders.Add("X-Api-Key", "a");
        await RefusedAsync(gateway, HttpStatusCode.RequestEntityTooLarge, "larger than the 1000 bytes", new string('x', 1001));
        var statuses = new List<HttpStatusCode>();
        for (var i = 0; i < 8; i++)
        {
            using var answer = await gateway.Http.PostAsync(Path, new StringContent("rows"));
            statuses.Add(answer.StatusCode);
        }

        Assert.Contains(HttpStatusCode.OK, statuses);
        Assert.Contains(HttpStatusCode.TooManyRequests, statuses);
        await RefusedAsync(gateway, HttpStatusCode.TooManyRequests, "'alice' is over 1 requests a second.", "rows");
    }

    [Fact]
    public async Task A_service_that_is_away_is_answered_for_over_both_protocols()
    {
        await using var gateway = await GatewayProcess.StartAsync([]);
        await RefusedAsync(gateway, HttpStatusCode.ServiceUnavailable, "'inference' can't be reached", "rows");
        Assert.Equal("14", await FailureTests.GrpcStatusAsync(gateway, "/inference.GRPCInferenceService/ModelInfer"));
    }

    [Fact]
    public async Task Headers_and_a_small_body_reach_the_service_in_one_piece()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await using var gateway = await GatewayProcess.StartAsync([], ("services:inference:http:0", $"http://{listener.LocalEndpoint}"));
        var answer = gateway.Http.PostAsync(Path, new StringContent("these rows"));
        using var connection = await listener.AcceptSocketAsync();
        var piece = new byte[4096];
        var text = Encoding.ASCII.GetString(piece, 0, await connection.ReceiveAsync(piece));
        Assert.StartsWith($"POST {Path} HTTP/1.1", text, StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\nthese rows", text, StringComparison.Ordinal);
        await connection.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"u8.ToArray());
        Assert.Equal("ok", await (await answer).Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_caller_that_waits_for_leave_to_send_gets_it()
    {
        await using var inference = await StubService.StartAsync("inference", app => app.MapPost(Path, (HttpRequest request) => new StreamReader(request.Body).ReadToEndAsync()));
        await using var gateway = await GatewayProcess.StartAsync([inference]);
        gateway.Http.DefaultRequestHeaders.ExpectContinue = true;
        Assert.Equal("rows", await (await gateway.Http.PostAsync(Path, new StringContent("rows"))).Content.ReadAsStringAsync());
    }

    private static async Task RefusedAsync(GatewayProcess gateway, HttpStatusCode status, string reason, string body)
    {
        using var answer = await gateway.Http.PostAsync(Path, new StringContent(body));
        var text = await answer.Content.ReadAsStringAsync();
        Assert.Equal(status, answer.StatusCode);
        Assert.StartsWith("""{"error":""", text, StringComparison.Ordinal);
        Assert.Contains(reason, text, StringComparison.Ordinal);
    }
}

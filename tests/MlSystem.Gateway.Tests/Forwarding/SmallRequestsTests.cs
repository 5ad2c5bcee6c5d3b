using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace MlSystem.Gateway.Tests.Forwarding;

/// <summary>Small predictions are sent on by hand: nobody may notice.</summary>
public sealed class SmallRequestsTests
{
    private const string Path = "/v2/models/m/infer";

    [Fact]
    public async Task The_service_and_the_caller_see_what_the_proxy_would_show_them()
    {
        await using var inference = await StubService.StartAsync("inference", app => app.MapPost("/v2/models/{model}/infer", async (HttpContext context) =>
        {
            context.Response.StatusCode = 418;
            context.Response.Headers["X-Mine"] = "first";
            context.Response.Headers.Append("X-Mine", "second");
            var body = await new StreamReader(context.Request.Body).ReadToEndAsync();
            return string.Join('\n', context.Request.Headers.Select(header => $"{header.Key}: {header.Value}").Order()) + "\n" + context.Request.QueryString + "\n" + body;
        }));
        await using var gateway = await GatewayProcess.StartAsync([inference]);

        // A name that must be encoded is left to the proxy.
        var byHand = await AskAsync(gateway, "/v2/models/m/infer?a=b");
        var byProxy = await AskAsync(gateway, "/v2/models/%C3%BC/infer?a=b");
        Assert.Equal(byProxy, byHand);
        Assert.Contains("X-Forwarded-For: 127.0.0.1", byHand.Body, StringComparison.Ordinal);
        Assert.Contains("traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", byHand.Body, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("Keep-Alive", byHand.Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nX-After: 1\r\n\r\n", false, 200, "abcde")]
    [InlineData("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nabcde", false, 200, "abcde")]
    [InlineData("HTTP/1.1 503 Not Now\r\nContent-Length: 0\r\nRetry-After: 7\r\n\r\n", false, 503, "")]
    [InlineData("HTTP/1.1 204 No Content\r\n\r\n", false, 204, "")]
    [InlineData("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", false, 200, "ok")]
    [InlineData("HTTP/1.1 200 OK\r\n\r\nabc", true, 200, "abc")]
    [InlineData("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", true, 200, "ok")]
    [InlineData("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", true, 200, "ok")]
    public async Task Every_form_of_an_answer_is_understood(string said, bool ends, int status, string body)
    {
        using var service = new ScriptedService();
        await using var gateway = await GatewayProcess.StartAsync([], service.Setting);
        var answer = gateway.Http.PostAsync(Path, new StringContent("rows"));
        using var connection = await service.AcceptAsync();
        await ScriptedService.RequestAsync(connection);
        foreach (var half in new[] { said[..(said.Length / 2)], said[(said.Length / 2)..] })
        {
            await ScriptedService.SayAsync(connection, half);
        }

        if (ends)
        {
            connection.Shutdown(SocketShutdown.Send);
        }

        Assert.Equal((status, body), ((int)(await answer).StatusCode, await (await answer).Content.ReadAsStringAsync()));

        // The next one uses the connection again where it was not to be closed.
        var next = gateway.Http.PostAsync(Path, new StringContent("rows"));
        using var other = ends ? await service.AcceptAsync() : null;
        await ScriptedService.RequestAsync(other ?? connection);
        await ScriptedService.SayAsync(other ?? connection, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext");
        Assert.Equal("next", await (await next).Content.ReadAsStringAsync());
        Assert.False(service.IsCalled);
    }

    [Fact]
    public async Task A_large_answer_arrives_whole()
    {
        var text = new string('x', 3_000_000);
        await using var inference = await StubService.StartAsync("inference", app => app.MapPost(Path, () => text));
        await using var gateway = await GatewayProcess.StartAsync([inference]);
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal(text, await (await gateway.Http.PostAsync(Path, new StringContent("rows"))).Content.ReadAsStringAsync());
        }
    }

    [Fact]
    public async Task A_connection_that_the_service_has_closed_is_not_used_again()
    {
        using var service = new ScriptedService();
        await using var gateway = await GatewayProcess.StartAsync([], service.Setting);
        for (var i = 0; i < 2; i++)
        {
            var answer = gateway.Http.PostAsync(Path, new StringContent("rows"));
            using var connection = await service.AcceptAsync();
            await ScriptedService.RequestAsync(connection);
            await ScriptedService.SayAsync(connection, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
            Assert.Equal("ok", await (await answer).Content.ReadAsStringAsync());
            connection.Shutdown(SocketShutdown.Send);

            // The gateway has seen it when it closes its own end.
            await ScriptedService.ClosedAsync(connection);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Len")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 10\r\nContent-Length: 11\r\n\r\n")]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nno header\r\n\r\n")]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\n\r\n")]
    public async Task A_service_that_breaks_off_or_talks_nonsense_is_answered_for_and_asked_once(string said)
    {
        using var service = new ScriptedService();
        await using var gateway = await GatewayProcess.StartAsync([], service.Setting);
        var answer = gateway.Http.PostAsync(Path, new StringContent("rows"));
        using var connection = await service.AcceptAsync();
        await ScriptedService.RequestAsync(connection);
        await ScriptedService.SayAsync(connection, said);
        connection.Shutdown(SocketShutdown.Send);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await answer).StatusCode);
        Assert.Contains("can't be reached", await (await answer).Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.False(service.IsCalled);
    }

    [Fact]
    public async Task Half_an_answer_is_not_taken_for_a_whole_one()
    {
        using var service = new ScriptedService();
        await using var gateway = await GatewayProcess.StartAsync([], service.Setting);
        var answer = gateway.Http.PostAsync(Path, new StringContent("rows"));
        using var connection = await service.AcceptAsync();
        await ScriptedService.RequestAsync(connection);
        await ScriptedService.SayAsync(connection, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
        connection.Shutdown(SocketShutdown.Send);
        await Assert.ThrowsAsync<HttpRequestException>(async () => await (await answer).Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_service_that_is_silent_for_too_long_is_a_504_and_left()
    {
        using var service = new ScriptedService();
        await using var gateway = await GatewayProcess.StartAsync([], service.Setting, ("MlSystem:Gateway:ActivityTimeoutSeconds", "0.3"));
        var answer = gateway.Http.PostAsync(Path, new StringContent("rows"));
        using var connection = await service.AcceptAsync();
        Assert.Equal(HttpStatusCode.GatewayTimeout, (await answer).StatusCode);
        Assert.Equal("""{"error":"The service 'inference' did not answer within 0.3 s."}""", await (await answer).Content.ReadAsStringAsync());
        await ScriptedService.ClosedAsync(connection);
    }

    [Fact]
    public async Task A_caller_that_leaves_ends_its_request_at_the_service()
    {
        using var service = new ScriptedService();
        await using var gateway = await GatewayProcess.StartAsync([], service.Setting);
        using var leaving = new CancellationTokenSource();
        var answer = gateway.Http.PostAsync(Path, new StringContent("rows"), leaving.Token);
        using var connection = await service.AcceptAsync();
        await ScriptedService.RequestAsync(connection);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => answer);
        await ScriptedService.ClosedAsync(connection);
    }

    [Fact]
    public async Task Callers_at_once_get_their_own_answers()
    {
        await using var inference = await StubService.StartAsync("inference", app => app.MapPost(Path, (HttpRequest request) => new StreamReader(request.Body).ReadToEndAsync()));
        await using var gateway = await GatewayProcess.StartAsync([inference]);
        await Task.WhenAll(Enumerable.Range(0, 16).Select(async caller =>
        {
            for (var i = 0; i < 50; i++)
            {
                var body = $"{caller}/{i}" + new string('x', (caller * 37) + i);
                Assert.Equal(body, await (await gateway.Http.PostAsync(Path, new StringContent(body))).Content.ReadAsStringAsync());
            }
        }));
        var metrics = await gateway.Http.GetStringAsync("/metrics");
        Assert.Single(metrics.Split('\n'), line => line.StartsWith("http_client_request_duration_seconds_count", StringComparison.Ordinal) && line.Contains(" 800", StringComparison.Ordinal));
    }

    private static async Task<(int Status, string Headers, string Body)> AskAsync(GatewayProcess gateway, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent("rows") };
        foreach (var (name, value) in new[]
        {
            ("X-Request-Id", "mine"), ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"), ("X-Forwarded-For", "1.2.3.4"), ("X-Forwarded-Prefix", "/p"),
            ("Keep-Alive", "timeout=5"), ("TE", "trailers"), ("Cookie", "a=b; c=d"), ("Accept-Encoding", "gzip, br"), ("X-Api-Key", "a"),
        })
        {
            Assert.True(request.Headers.TryAddWithoutValidation(name, value));
        }

        using var answer = await gateway.Http.SendAsync(request);
        var headers = answer.Headers.Concat(answer.Content.Headers).Where(header => header.Key != "Date").Select(header => $"{header.Key}: {string.Join('|', header.Value)}");
        return ((int)answer.StatusCode, $"{answer.ReasonPhrase}\n{string.Join('\n', headers.Order())}", await answer.Content.ReadAsStringAsync());
    }
}

using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace MlSystem.Gateway.Tests.Status;

public sealed class StatusTests
{
    [Fact]
    public async Task The_page_and_the_json_show_every_service()
    {
        await using var registry = await StubService.StartAsync("registry", app =>
        {
            app.MapGet("/alive", () => Results.Content("""{"status":"alive","service":"registry","version":"1.2.3<b>","started_at":"2026-01-02T03:04:05Z","restarts":4,"pid":1}""", "application/json"));
            app.MapGet("/health", () => Results.Content("""{"status":"starting","pending":["database"],"last_error":"refused"}""", "application/json", statusCode: 503));
        });
        await using var gateway = await GatewayProcess.StartAsync([registry], ("MlSystem:Restarts", "2"));
        var status = (await gateway.Http.GetFromJsonAsync<JsonObject>("/api/status"))!;
        var services = status["services"]!.AsArray().ToDictionary(service => (string)service!["name"]!, service => service!);
        Assert.Equal(["gateway", .. Gateway.Routing.Routes.Services], services.Keys);
        Assert.Equal(("degraded", 2), ((string?)services["gateway"]["state"], (int)services["gateway"]["restarts"]!));
        Assert.Equal(
            ("starting", "1.2.3<b>", 4, "waiting for database: refused"),
            ((string?)services["registry"]["state"], (string?)services["registry"]["version"], (int)services["registry"]["restarts"]!, (string?)services["registry"]["detail"]));
        Assert.Equal("down", (string?)services["monitor"]["state"]);
        Assert.EndsWith($":{gateway.GrpcPort}", (string?)status["grpc_address"]);

        var answer = await gateway.Http.GetAsync("/");
        var page = await answer.Content.ReadAsStringAsync();
        Assert.Equal("text/html", answer.Content.Headers.ContentType?.MediaType);
        Assert.DoesNotContain("{{", page);
        Assert.Contains("1.2.3&lt;b&gt;", page);
        Assert.Contains("<span class=\"state starting\">starting</span>", page);
        Assert.Contains("2026-01-02 03:04:05 UTC", page);
        Assert.All(Gateway.Routing.Routes.Services, service => Assert.Contains($"href=\"/openapi/{service}.json\"", page));
        Assert.DoesNotContain("://", page.Replace("http://127.0.0.1", "", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_gateway_is_ready_while_services_are_not_and_says_which()
    {
        await using var gateway = await GatewayProcess.StartAsync([]);
        var health = (await gateway.Http.GetFromJsonAsync<JsonObject>("/health"))!;
        Assert.Equal("degraded", (string?)health["status"]);
        Assert.Contains("registry is down", (string?)health["checks"]![0]!["description"]);
        Assert.NotNull((await gateway.Http.GetFromJsonAsync<JsonObject>("/openapi/v1.json"))!["paths"]!["/api/status"]);
        Assert.Contains("http_server_request_duration", await gateway.Http.GetStringAsync("/metrics"));
    }
}

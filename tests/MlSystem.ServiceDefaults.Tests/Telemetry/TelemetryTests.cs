using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using MlSystem.ServiceDefaults.Telemetry;

namespace MlSystem.ServiceDefaults.Tests.Telemetry;

public sealed class TelemetryTests
{
    [Fact]
    public async Task Own_meters_are_at_metrics_under_their_own_names()
    {
        using var meter = new Meter("MlSystem.TelemetryTests");
        await using var service = await TestService.StartAsync();
        meter.CreateCounter<long>("nv_test_request_success").Add(3);
        Assert.Matches("(?m)^nv_test_request_success\\{[^}]*\\} 3", await service.Client.GetStringAsync("/metrics"));
    }

    [Fact]
    public async Task Traces_metrics_and_logs_go_to_the_collector_but_probes_are_not_traced()
    {
        var received = new ConcurrentDictionary<string, string>(StringComparer.Ordinal);
        await using var collector = await TestService.StartAsync(null, app => app.MapPost("/v1/{signal}", async (string signal, HttpRequest request) =>
        {
            using var body = new MemoryStream();
            await request.Body.CopyToAsync(body);
            var text = System.Text.Encoding.Latin1.GetString(body.ToArray());
            received.AddOrUpdate(signal, text, (_, before) => before + text);
        }));
        using var source = new ActivitySource("MlSystem.TelemetryTests");
        await using (var service = await TestService.StartAsync(
            null,
            app => app.MapGet("/work", (ILogger<TelemetryTests> logger) =>
            {
                logger.LogWarning("a line for the collector");
                using var span = source.StartActivity("own span");
                return "done";
            }),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.Address.ToString()), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")))
        {
            await service.Client.GetStringAsync("/work");
            using (OpenTelemetry.SuppressInstrumentationScope.Begin())
            {
                // The client's own span is not meant: it is in this process too.
                await service.Client.GetStringAsync("/alive");
            }
        }

        Assert.Contains("own span", received["traces"]);
        Assert.Contains("/work", received["traces"]);
        Assert.DoesNotContain("/alive", received["traces"]);
        Assert.Contains("http.server.request.duration", received["metrics"]);
        Assert.Contains("a line for the collector", received["logs"]);
    }

    [Fact]
    public async Task A_request_id_is_taken_or_made()
    {
        await using var service = await TestService.StartAsync();
        async Task<string> IdAsync(string? given)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/alive");
            request.Headers.TryAddWithoutValidation("X-Request-Id", given);
            return (await service.Client.SendAsync(request)).Headers.GetValues("X-Request-Id").Single();
        }

        Assert.Equal("order 66/b", await IdAsync("order 66/b"));
        Assert.Equal(7, Guid.Parse(await IdAsync(new string('x', 129))).Version);
        Assert.NotEqual(await IdAsync(null), await IdAsync(null));
    }

    [Fact]
    public void Only_short_printable_request_ids_are_taken()
    {
        Prop.ForAll<string>(id =>
        {
            var fits = !string.IsNullOrEmpty(id) && id.Length <= 128 && id.All(c => c is >= ' ' and <= '~') && id.Trim() == id;
            return id is null || RequestId.IsValid(id) == fits;
        }).Check(Config.QuickThrowOnFailure.WithReplay(1, 1));
    }
}

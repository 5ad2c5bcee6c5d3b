using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using MlSystem.ServiceDefaults;
using MlSystem.Testing;

namespace MlSystem.Training.Tests.Doubles;

/// <summary>The training service in this process on a real port, with quick retries.</summary>
internal sealed class TrainingHost : IAsyncDisposable
{
    private readonly WebApplication _app;

    private TrainingHost(WebApplication app, int port)
    {
        _app = app;
        Http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}"), Timeout = TimeSpan.FromSeconds(180) };
    }

    public HttpClient Http { get; }

    public IServiceProvider Services => _app.Services;

    public static Dictionary<string, string?> Settings(string folder, int port, FeaturesDouble features, RegistryDouble registry) => new()
    {
        ["urls"] = $"http://127.0.0.1:{port}",
        ["MlSystem:DataDirectory"] = folder,
        ["services:features:http:0"] = features.Address,
        ["services:features:grpc:0"] = features.GrpcAddress,
        ["services:registry:http:0"] = registry.Address,
        ["Training:RetryDelay"] = "00:00:00.05",
        ["Training:MaxRetryDelay"] = "00:00:00.2",
        ["Training:StepAttempts"] = "300",
        ["Logging:LogLevel:Default"] = "Warning",
        ["Training:PollInterval"] = "00:00:00.1",
    };

    public static async Task<TrainingHost> StartAsync(
        TempFolder folder, FeaturesDouble features, RegistryDouble registry, params (string Key, string Value)[] settings)
    {
        var port = FreePort.Next();
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        var all = Settings(folder.Path, port, features, registry);
        foreach (var (key, value) in settings)
        {
            all[key] = value;
        }

        builder.Configuration.AddInMemoryCollection(all);
        builder.AddServiceDefaults("training");
        builder.AddTraining();
        var app = builder.Build();
        app.UseServiceDefaults();
        app.MapTraining();
        await app.StartAsync();
        var host = new TrainingHost(app, port);
        await host.Http.WaitReadyAsync();
        return host;
    }

    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}

/// <summary>What tests ask of the API.</summary>
internal static class TrainingApi
{
    public static async Task WaitReadyAsync(this HttpClient http)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(180));
        while (true)
        {
            try
            {
                if ((await http.GetAsync(new Uri("/health", UriKind.Relative), deadline.Token)).IsSuccessStatusCode)
                {
                    return;
                }
            }
            catch (HttpRequestException) when (!deadline.IsCancellationRequested)
            {
                // Not listening yet.
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, deadline.Token);
        }
    }

    public static async Task<JsonNode> SendAsync(this HttpClient http, HttpMethod method, string path, string? body = null, int expected = 200)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(expected == (int)response.StatusCode, $"{method} {path} answered {(int)response.StatusCode} instead of {expected}: {text}");
        return JsonNode.Parse(text)!;
    }

    public static Task<JsonNode> RunAsync(this HttpClient http, string id) => http.SendAsync(HttpMethod.Get, $"/api/runs/{id}");

    /// <summary>Waits until a run (or the given step of it) has a state.</summary>
    public static async Task<JsonNode> WaitAsync(this HttpClient http, string id, Func<JsonNode, bool> reached, int seconds = 180)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        while (true)
        {
            var run = await http.RunAsync(id);
            if (reached(run))
            {
                return run;
            }

            Assert.False(deadline.IsCancellationRequested, $"not reached in {seconds} s: {run}");
            await Task.Delay(TimeSpan.FromMilliseconds(30), TimeProvider.System, CancellationToken.None);
        }
    }

    public static Task<JsonNode> WaitForStateAsync(this HttpClient http, string id, string state) => http.WaitAsync(id, run =>
    {
        var now = run.Text("state");
        Assert.False(now != state && now is "succeeded" or "failed" or "cancelled" && now != state, $"the run is {now}: {run}");
        return now == state;
    });

    public static string Text(this JsonNode node, string key) => (string?)node[key] ?? "";

    public static JsonNode Step(this JsonNode run, string name) => run["steps"]!.AsArray().Single(s => s!.Text("name") == name)!;

    /// <summary>Reads a run's server-sent events to their end.</summary>
    public static async Task<List<(long Id, string Type, JsonNode Data)>> EventsAsync(this HttpClient http, string run, long? after = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/runs/{run}/events");
        if (after is { } last)
        {
            request.Headers.Add("Last-Event-ID", last.ToString(CultureInfo.InvariantCulture));
        }

        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        response.EnsureSuccessStatusCode();
        await using var stream = await response.Content.ReadAsStreamAsync();
        List<(long, string, JsonNode)> events = [];
        await foreach (var item in System.Net.ServerSentEvents.SseParser.Create(stream).EnumerateAsync())
        {
            if (item.EventType != "keep_alive")
            {
                events.Add((long.Parse(item.EventId!, CultureInfo.InvariantCulture), item.EventType, JsonNode.Parse(item.Data)!));
            }
        }

        return events;
    }
}

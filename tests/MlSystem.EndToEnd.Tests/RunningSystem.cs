using System.Net.Http.Json;
using System.Text.Json.Nodes;
using MlSystem.Testing;

namespace MlSystem.EndToEnd.Tests;

/// <summary>A whole system that a test class shares, with the churn sample in it.</summary>
public abstract class RunningSystem : IAsyncLifetime
{
    /// <summary>Every service, in the order in which they depend on each other.</summary>
    public static readonly string[] Services = ["registry", "features", "training", "monitor", "inference", "gateway"];

    private static readonly TimeSpan SampleTimeout = TimeSpan.FromMinutes(3);

    /// <summary>Why this system can't run here, or null.</summary>
    public virtual string? Missing => null;

    /// <summary>The client of everything: the gateway.</summary>
    public HttpClient Gateway { get; private set; } = null!;

    /// <summary>The answer to the first <c>POST /api/samples/churn</c>.</summary>
    public string SampleRun { get; private set; } = "";

    public abstract Uri HttpAddress(string service);

    public abstract Uri GrpcAddress { get; }

    /// <summary>Kills a service with SIGKILL and waits until it is ready again.</summary>
    public abstract Task KillAndReviveAsync(string service);

    public async ValueTask InitializeAsync()
    {
        if (Missing is not null)
        {
            return;
        }

        await StartAsync();
        Gateway = new HttpClient { BaseAddress = HttpAddress("gateway"), Timeout = TimeSpan.FromSeconds(60) };
        await LoadSampleAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Gateway?.Dispose();
        await StopAsync();
        GC.SuppressFinalize(this);
    }

    public async Task WaitUntilReadyAsync(string service)
    {
        using var client = new HttpClient { BaseAddress = HttpAddress(service) };
        await Eventually.TrueAsync(
            async () => (await client.GetAsync("/health")).IsSuccessStatusCode,
            TimeSpan.FromSeconds(60), $"{service} is ready");
    }

    protected abstract Task StartAsync();

    protected abstract Task StopAsync();

    private async Task LoadSampleAsync()
    {
        var answer = await Gateway.PostAsync("/api/samples/churn", null);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        SampleRun = (string)(await answer.Content.ReadFromJsonAsync<JsonNode>())!["run_id"]!;
        JsonNode? run = null;
        await Eventually.TrueAsync(
            async () =>
            {
                run = await Gateway.GetFromJsonAsync<JsonNode>($"/api/runs/{SampleRun}");
                return (string?)run!["state"] is "succeeded" or "failed" or "cancelled";
            },
            SampleTimeout, "the sample's run ends");
        Assert.True((string?)run!["state"] == "succeeded", run!.ToString());
        await Eventually.TrueAsync(
            async () => (await Gateway.GetAsync("/v2/models/churn/ready")).IsSuccessStatusCode,
            TimeSpan.FromSeconds(30), "the endpoint churn is ready");
    }
}

using System.Net.Http.Json;
using System.Text.Json.Nodes;
using MlSystem.Testing;

namespace MlSystem.EndToEnd.Tests;

/// <summary>Predictions, feedback on them and pushed rows, one after the other, and what of it was acknowledged.</summary>
internal sealed class Traffic(HttpClient gateway, Uri monitor) : IDisposable
{
    private const string Definitions = """
        {
          "entities": [{ "name": "account", "join_keys": [{ "name": "account_id", "datatype": "INT64" }] }],
          "sources": [{ "name": "account_push", "kind": "push" }],
          "feature_views": [{ "name": "account_visits", "entities": ["account"], "source": "account_push", "features": [{ "name": "visits", "datatype": "INT64" }] }]
        }
        """;

    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(60);

    /// <summary>An answer is given before its record in the prediction log is durable; by then it is.</summary>
    private static readonly TimeSpan Recorded = TimeSpan.FromSeconds(1);

    private readonly HttpClient _monitor = new() { BaseAddress = monitor };
    private readonly List<DateTimeOffset> _inferenceKilled = [];

    public int Answered { get; private set; }

    public int Failed { get; private set; }

    /// <summary>Prediction ids with the time of the prediction.</summary>
    public Dictionary<string, DateTimeOffset> Feedback { get; } = [];

    /// <summary>Accounts; each one's visits are its number.</summary>
    public List<int> Pushed { get; } = [];

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    /// <summary>Declares what is pushed.</summary>
    public async Task PrepareAsync()
    {
        using var body = new StringContent(Definitions, System.Text.Encoding.UTF8, "application/json");
        var answer = await gateway.PostAsync("/api/apply", body);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    /// <summary>A service is about to be killed.</summary>
    public void Killing(string service)
    {
        if (service == "inference")
        {
            _inferenceKilled.Add(Now);
        }
    }

    public async Task RunAsync(CancellationToken stop)
    {
        for (var i = 1; !stop.IsCancellationRequested; i++)
        {
            await TryAsync(() => PredictAsync(i));
            await TryAsync(() => PushAsync(i));
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, CancellationToken.None);
        }
    }

    /// <summary>
    /// Every acknowledged row can be read. Every acknowledged feedback is joined with its prediction, or waits for one whose
    /// record died with the inference service in the moment after the answer.
    /// </summary>
    public async Task<int> AssertEverythingIsThereAsync()
    {
        Assert.NotEmpty(Feedback);
        var exposed = Feedback.Where(given => _inferenceKilled.Exists(killed => killed > given.Value - Recorded && killed < given.Value + Recorded)).Select(given => given.Key).ToHashSet();
        var missing = new List<string>();
        await Eventually.TrueAsync(
            async () =>
            {
                var labelled = await LabelledAsync();
                missing = [.. Feedback.Keys.Where(id => !labelled.Contains(id))];
                return missing.TrueForAll(exposed.Contains);
            },
            Settle, "all feedback is joined");
        var performance = await _monitor.GetFromJsonAsync<JsonNode>("/api/endpoints/churn/performance");
        Assert.InRange((long)performance!["feedback_waiting"]!, missing.Count, Failed + missing.Count);
        Assert.NotEmpty(Pushed);
        foreach (var accounts in Pushed.Chunk(500))
        {
            var body = new JsonObject
            {
                ["features"] = new JsonArray("account_visits:visits"),
                ["entities"] = new JsonObject { ["account_id"] = Column(accounts) },
            };
            var answer = await gateway.PostAsJsonAsync("/get-online-features", body);
            var results = (await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonNode>())!["results"]!;
            Assert.Equal(accounts, results[1]!["values"]!.AsArray().Select(value => (int)value!));
        }

        return missing.Count;
    }

    public void Dispose() => _monitor.Dispose();

    private static JsonArray Column(params int[] values) => [.. values.Select(value => (JsonNode)value)];

    private async Task TryAsync(Func<Task> actAsync)
    {
        try
        {
            await actAsync();
        }
        catch (Exception error) when (error is HttpRequestException or TaskCanceledException)
        {
            // Not acknowledged: a service was away.
            Failed++;
        }
    }

    private async Task PredictAsync(int i)
    {
        var answer = await gateway.PostAsJsonAsync("/v2/models/churn/infer", ChurnRows.KeyRequest(i % 7000));
        var body = await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonNode>();
        var (id, time) = ($"{(string?)body!["parameters"]!["request_id"]}/0", Now);
        Answered++;
        (await gateway.PostAsJsonAsync("/v2/models/churn/feedback", new JsonObject { ["id"] = id, ["label"] = "Yes" })).EnsureSuccessStatusCode();
        Feedback[id] = time;
    }

    private async Task PushAsync(int i)
    {
        var rows = new JsonObject { ["account_id"] = Column(i), ["visits"] = Column(i), ["event_timestamp"] = new JsonArray(Now.ToString("O")) };
        (await gateway.PostAsJsonAsync("/push", new JsonObject { ["push_source_name"] = "account_push", ["to"] = "online_and_offline", ["df"] = rows })).EnsureSuccessStatusCode();
        Pushed.Add(i);
    }

    /// <summary>Ids of all labelled predictions.</summary>
    private async Task<HashSet<string>> LabelledAsync()
    {
        var found = new HashSet<string>();
        string? cursor = null;
        do
        {
            var page = await _monitor.GetFromJsonAsync<JsonNode>($"/api/endpoints/churn/predictions?labelled=true&limit=10000{(cursor is null ? "" : $"&cursor={Uri.EscapeDataString(cursor)}")}");
            found.UnionWith(page!["rows"]!.AsArray().Select(row => (string)row!["prediction_id"]!));
            cursor = (string?)page["next_cursor"];
        }
        while (cursor is not null);
        return found;
    }
}

using Microsoft.Extensions.DependencyInjection;
using MlSystem.Contracts;
using MlSystem.Inference.Tests.Fixture;
using MlSystem.ServiceDefaults.EventLog;

namespace MlSystem.Inference.Tests.Reliability;

/// <summary>Registry, feature store and event log each taken away and brought back under load: serving goes on, nothing is restarted.</summary>
public sealed class OutageTests
{
    private const string ByKey = """{"inputs":[{"name":"person_id","shape":[1],"datatype":"BYTES","data":["ann"]}]}""";

    [Fact]
    public async Task Serving_goes_on_while_each_of_them_is_away_and_uses_it_again_when_it_is_back()
    {
        var log = new FailingEventLog { Works = true };
        await using var store = new FeatureStoreDouble();
        await store.StartAsync();
        await using var registry = new RegistryDouble();
        registry.AddVersion("linear", 1, ModelFolder.Linear());
        registry.AddVersion("linear", 2, ModelFolder.Linear(bias: 1000));
        registry.AddVersion("columns", 1, ModelFolder.Columns());
        registry.SetEndpoint("linear", 1);
        var defaults = System.Text.Json.JsonSerializer.Deserialize<Dictionary<string, System.Text.Json.JsonElement>>("""{"age":1,"plan":"none"}""")!;
        registry.SetEndpoint("columns", 1, endpoint => endpoint with { Features = new EndpointFeatures { Unavailable = FeaturePolicy.Default, Defaults = defaults } });
        await registry.StartAsync();
        await using var server = await InferenceServer.StartAsync(
            registry.Url, store.Url, new Dictionary<string, string>(StringComparer.Ordinal) { ["Inference:Features:ProbeMilliseconds"] = "100" }, services => services.AddSingleton<IEventLog>(log));
        using var stop = new CancellationTokenSource();
        List<Task<int>> clients = [LoadAsync(server, "linear", Requests.LinearBody(3), stop.Token), LoadAsync(server, "columns", ByKey, stop.Token)];

        await registry.StopAsync();
        await ProgressAsync(server);
        await registry.StartAsync();
        registry.SetEndpoint("linear", 2);
        await Requests.EventuallyAsync(async () => (await server.InferAsync("linear", Requests.LinearBody(3))).Body.Prediction() == 1003, seconds: 60);

        await store.StopAsync();
        await Requests.EventuallyAsync(async () => await AgeAsync(server) == "[1]", seconds: 60);
        await store.StartAsync();
        await Requests.EventuallyAsync(async () => await AgeAsync(server) == "[31.5]", seconds: 60);

        log.Works = false;
        var waiting = await ProgressAsync(server);
        Assert.Empty(waiting.Intersect(Logged(log)));
        log.Works = true;
        await Requests.EventuallyAsync(() => Task.FromResult(!waiting.Except(Logged(log)).Any()), seconds: 60);

        await stop.CancelAsync();
        Assert.All(await Task.WhenAll(clients), answered => Assert.True(answered > 0));
    }

    private static async Task<string> AgeAsync(InferenceServer server) =>
        (await server.InferAsync("columns", ByKey)).Body.GetProperty("outputs")[0].GetProperty("data").GetRawText();

    /// <returns>The ids of the requests, all answered.</returns>
    private static async Task<List<string>> ProgressAsync(InferenceServer server)
    {
        var ids = new List<string>();
        for (var i = 0; i < 50; i++)
        {
            foreach (var (model, body) in ((string, string)[])[("linear", Requests.LinearBody(i)), ("columns", ByKey)])
            {
                var (status, answer) = await server.InferAsync(model, body);
                Assert.Equal(200, status);
                ids.Add(answer.GetProperty("parameters").GetProperty("request_id").GetString()!);
            }
        }

        return ids;
    }

    private static IEnumerable<string> Logged(FailingEventLog log) => log.Batches().SelectMany(batch => batch.RequestIds);

    private static async Task<int> LoadAsync(InferenceServer server, string model, string body, CancellationToken stop)
    {
        var answered = 0;
        while (!stop.IsCancellationRequested)
        {
            var (status, answer) = await server.InferAsync(model, body);
            Assert.True(status == 200, answer.ToString());
            answered++;
        }

        return answered;
    }
}

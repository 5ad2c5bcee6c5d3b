using System.Globalization;
using MlSystem.Inference.Tests.Fixture;
using MlSystem.Testing;

namespace MlSystem.Inference.Tests.Reliability;

/// <summary>Connections wait for the threads that find sockets ready, so nothing that may take long is on them. The delivered program, since it sets them up before its first socket.</summary>
public sealed class SocketThreadTests
{
    private const string Endless = """{"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","data":[1e15,0,0]}]}""";

    /// <summary>More than there are such threads, so that each of them has some.</summary>
    private static readonly int Connections = 8 * Environment.ProcessorCount;

    [Fact]
    public async Task A_model_that_hangs_and_its_explanation_keep_no_other_connection_waiting()
    {
        await using var registry = new RegistryDouble();
        registry.AddVersion("linear", 1, ModelFolder.Linear());
        registry.AddVersion("looping", 1, FaultyModels.Looping(bias: 0));
        registry.SetEndpoint("linear", 1);
        registry.SetEndpoint("looping", 1);
        await registry.StartAsync();
        using var data = new TempFolder();
        var ports = FreePort.Next(2);
        var settings = new Dictionary<string, string>(StringComparer.Ordinal) { ["Inference:Runtime:WatchdogSeconds"] = "3600", ["Inference:Admission:TimeoutMs"] = "3600000" };
        await using var server = ServerProcess.Start("dotnet", [Path.Combine(AppContext.BaseDirectory, "MlSystem.Inference.dll"), .. InferenceServer.Arguments(ports, data.Path, registry.Url, null, settings)]);
        var address = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{ports[0]}"));
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        var neighbours = Clients(address);
        var hanging = Clients(address);
        var later = Clients(address);
        try
        {
            await server.WaitUntilAsync(async token => (await neighbours[0].GetAsync("/v2/health/ready", token)).IsSuccessStatusCode, TimeSpan.FromSeconds(60));
            await AnswersAsync(neighbours, "linear", deadline.Token);
            await AnswersAsync(hanging, "looping", deadline.Token);
            var endless = hanging.Select((client, i) => PostAsync(client, "looping", i % 4 == 3 ? "explain" : "infer", Endless, deadline.Token)).ToList();

            // One after the other: the hanging ones come to all threads in between.
            for (var turn = 0; turn < 10; turn++)
            {
                await AnswersAsync(neighbours, "linear", deadline.Token);
                await AnswersAsync(later, "linear", deadline.Token);
            }

            Assert.Contains(endless, request => !request.IsCompleted);
        }
        finally
        {
            await server.KillAsync();
            Array.ForEach([.. neighbours, .. hanging, .. later], client => client.Dispose());
        }
    }

    /// <summary>Each with a connection of its own.</summary>
    private static HttpClient[] Clients(Uri address) =>
        [.. Enumerable.Range(0, Connections).Select(_ => new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 1 }) { BaseAddress = address, Timeout = Timeout.InfiniteTimeSpan })];

    private static async Task AnswersAsync(HttpClient[] clients, string model, CancellationToken cancellationToken)
    {
        foreach (var client in clients)
        {
            using var response = await PostAsync(client, model, "infer", Requests.LinearBody(1), cancellationToken);
            Assert.Equal(200, (int)response.StatusCode);
        }
    }

    private static Task<HttpResponseMessage> PostAsync(HttpClient client, string model, string call, string body, CancellationToken cancellationToken) =>
        client.PostAsync($"/v2/models/{model}/{call}", Requests.Json(body), cancellationToken);
}

using Microsoft.Extensions.DependencyInjection;
using MlSystem.Inference.Tests.Fixture;
using MlSystem.ServiceDefaults.EventLog;

namespace MlSystem.Inference.Tests.Routing;

/// <summary>Loads, swaps and unloads under load, again and again: no request fails and memory comes back.</summary>
public sealed class SwapSoakTests
{
    private const int Warm = 10;

    [Fact]
    public Task Ten_cycles_fail_no_request() => CycleAsync(Warm, static (_, _) => { });

    [Fact]
    [Trait("Category", "Soak")]
    public async Task Two_hundred_cycles_return_their_memory()
    {
        const string Variable = "MLSYSTEM_SOAK";
        Assert.SkipWhen(string.IsNullOrEmpty(Environment.GetEnvironmentVariable(Variable)), $"{Variable} is not set");
        double afterWarm = 0;
        double last = 0;
        await CycleAsync(Warm + 200, (cycle, bytes) =>
        {
            afterWarm = cycle == Warm ? bytes : afterWarm;
            last = bytes;
            TestContext.Current.SendDiagnosticMessage($"cycle {cycle}: {bytes / 1048576:0.0} MiB resident, {GC.GetTotalMemory(forceFullCollection: false) / 1048576.0:0.0} MiB of it managed");
        });
        Assert.True(last <= afterWarm * 1.05, $"resident memory is {last / 1048576:0.0} MiB, after cycle {Warm} it was {afterWarm / 1048576:0.0} MiB");
    }

    /// <param name="report">Is told the number of the cycle that ended, from 1, and the process's resident bytes, every tenth cycle.</param>
    private static async Task CycleAsync(int cycles, Action<int, double> report)
    {
        await using var registry = new RegistryDouble();
        foreach (var (model, version) in ((string, int)[])[("linear", 1), ("linear", 2), ("linear", 3), ("visitor", 1)])
        {
            registry.AddVersion(model, version, ModelFolder.Linear(bias: (version - 1) * 1000));
        }

        registry.SetEndpoint("linear", 1);
        registry.SetEndpoint("visitor", 1);
        await registry.StartAsync();

        // Without the embedded event log: its page cache grows to 16 MiB with the requests, whatever is loaded.
        await using var server = await InferenceServer.StartAsync(
            registry.Url, services: static services => services.AddSingleton<IEventLog>(new FailingEventLog { Works = true, Keeps = false }));
        using var stop = new CancellationTokenSource();
        var clients = Enumerable.Range(0, 4).Select(client => AskAsync(server, client, stop.Token)).ToList();
        for (var cycle = 1; cycle <= cycles; cycle++)
        {
            // Three versions in turn: with the one before kept warm, each swap loads one and frees one.
            var version = (cycle % 3) + 1;
            registry.SetEndpoint("linear", version);
            await Requests.EventuallyAsync(async () => (await server.InferAsync("linear", Requests.LinearBody(0))).Body.Prediction() == (version - 1) * 1000);
            await ControlAsync(server, "unload");
            await ControlAsync(server, "load");
            if (cycle % Warm == 0)
            {
                report(cycle, Resident());
            }
        }

        await stop.CancelAsync();
        Assert.All(await Task.WhenAll(clients), answered => Assert.True(answered > 0));
    }

    private static async Task<int> AskAsync(InferenceServer server, int client, CancellationToken stop)
    {
        var answered = 0;
        while (!stop.IsCancellationRequested)
        {
            var x = (client * 100) + (answered % 100);
            var (status, body) = await server.InferAsync("linear", Requests.LinearBody(x));
            Assert.True(status == 200, body.ToString());
            Assert.Contains(body.Prediction(), (float[])[x, x + 1000, x + 2000]);
            answered++;
        }

        return answered;
    }

    private static async Task ControlAsync(InferenceServer server, string action)
    {
        using var response = await server.Http.PostAsync($"/v2/repository/models/visitor/{action}", null);
        Assert.Equal(200, (int)response.StatusCode);
    }

    private static double Resident()
    {
        for (var i = 0; i < 3; i++)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }

        return Environment.WorkingSet;
    }
}

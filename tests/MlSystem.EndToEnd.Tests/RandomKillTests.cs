using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using MlSystem.Testing;

namespace MlSystem.EndToEnd.Tests;

/// <summary>SIGKILL of one service after the other, at random, while requests of all kinds go on.</summary>
[Collection(WholeSystems.Collection)]
public sealed class RandomKillTests
{
    private const int Seed = 17;

    /// <summary>30, or what MLSYSTEM_SOAK says if that is more than 1.</summary>
    private static readonly int Rounds = int.TryParse(Environment.GetEnvironmentVariable("MLSYSTEM_SOAK"), CultureInfo.InvariantCulture, out var asked) && asked > 1 ? asked : 30;

    private static readonly TimeSpan Back = TimeSpan.FromSeconds(90);

    [Fact]
    [Trait("Category", "Soak")]
    public async Task Nothing_acknowledged_is_lost_and_the_endpoint_answers_again_each_time()
    {
        Assert.SkipWhen(Environment.GetEnvironmentVariable("MLSYSTEM_SOAK") is null, $"{Rounds} kills of a whole system take some minutes: runs when MLSYSTEM_SOAK is set (./test --soak)");
        Assert.SkipWhen(StandaloneSystem.Missing is not null, StandaloneSystem.Missing ?? "");
        await using var system = new StandaloneLoopSystem();
        await system.InitializeAsync();
        using var traffic = new Traffic(system.Gateway, system.HttpAddress("monitor"));
        await traffic.PrepareAsync();
        using var stop = new CancellationTokenSource();
        var stream = traffic.RunAsync(stop.Token);
        var random = new Random(Seed);
        var slowest = TimeSpan.Zero;
        for (var round = 0; round < Rounds; round++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(200, 1500)), TimeProvider.System);
            var service = RunningSystem.Services[random.Next(RunningSystem.Services.Length)];
            var watch = Stopwatch.StartNew();
            traffic.Killing(service);
            await system.KillAndReviveAsync(service);
            await Eventually.TrueAsync(
                async () => (await Inference.PostAsync(system.Gateway, "churn", ChurnRows.KeyRequest(round)))["outputs"] is not null,
                Back, $"the endpoint answers after {service} was killed (round {round})");
            slowest = watch.Elapsed > slowest ? watch.Elapsed : slowest;
        }

        await stop.CancelAsync();
        await stream;
        var waiting = await traffic.AssertEverythingIsThereAsync();
        TestContext.Current.SendDiagnosticMessage(
            $"{traffic.Answered} answers, {traffic.Feedback.Count} feedback ({waiting} on lost records), {traffic.Pushed.Count} pushes acknowledged, {traffic.Failed} failed; back after at most {slowest.TotalSeconds:0.0} s");
    }
}

using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using MlSystem.Contracts;
using MlSystem.Inference.Tests.Fixture;
using MlSystem.Inference.Tests.Policies;
using MlSystem.ServiceDefaults.EventLog;
using MlSystem.Testing;

namespace MlSystem.Inference.Tests.Bandits;

public sealed class BanditServingTests
{
    private static readonly EndpointVariant[] Variants = [Traffic.Variant("a", 1), Traffic.Variant("b", 2), Traffic.Variant("off", 3, weight: 0)];

    [Theory]
    [InlineData(BanditAlgorithm.Thompson, 0.9)]
    [InlineData(BanditAlgorithm.Ucb1, 0)] // Between two rewards UCB1 gives all requests to one variant, whichever has the higher bound.
    [InlineData(BanditAlgorithm.EpsilonGreedy, 0.8)]
    public async Task Feedback_moves_the_traffic_to_the_better_variant_on_every_replica_and_over_both_protocols(string algorithm, double share)
    {
        await using var registry = await Traffic.RegistryAsync("linear", Variants, Bandit(algorithm));
        using var data = new TempFolder();
        await using var server = await InferenceServer.StartAsync(registry.Url, settings: Settings(data));
        await using var replica = await InferenceServer.StartAsync(registry.Url, settings: Settings(data));
        for (var round = 0; round < 10; round++)
        {
            // Half of the answers come from one replica, all feedback goes to the other.
            var answered = new List<(string Id, string Variant)>();
            for (var i = 0; i < 20; i++)
            {
                var (_, body) = await (i % 2 == 0 ? server : replica).InferAsync("linear", Requests.LinearBody(1));
                answered.Add((body.RequestId(), body.GetProperty("parameters").GetProperty("variant").GetString()!));
            }

            await RewardAsync(server, [.. answered.Select(answer => (answer.Id, answer.Variant == "b" ? 0.9 : 0.2))]);
            await RewardedAsync(server, (round + 1) * 20);
            await RewardedAsync(replica, (round + 1) * 20);
        }

        Assert.DoesNotContain((await server.PolicyAsync("linear")).Variant("off").GetProperty("choices").EnumerateObject(), _ => true);
        foreach (var each in (InferenceServer[])[server, replica])
        {
            var policy = await each.PolicyAsync("linear");
            Assert.Equal((algorithm, "bandit", "reward"), (policy.GetProperty("algorithm").GetString(), policy.GetProperty("kind").GetString(), policy.GetProperty("metric").GetString()));
            Assert.Equal(0.9, policy.Variant("b").GetProperty("mean_reward").GetDouble(), 9);
            Assert.Equal(0.2, policy.Variant("a").GetProperty("mean_reward").GetDouble(), 9);
            var posterior = policy.Variant("b").GetProperty("posterior");
            Assert.Equal(1 + (0.9 * policy.Variant("b").GetProperty("pulls").GetInt64()), posterior.GetProperty("alpha").GetDouble(), 6);
            Assert.InRange(policy.Variant("b").GetProperty("pulls").GetInt64(), 120, 200);
            var b = 0;
            for (var i = 0; i < 100; i++)
            {
                b += await each.GrpcAsync(Traffic.LinearRequest("linear")) == "b" ? 1 : 0;
            }

            Assert.True(b >= 100 * share, $"b got {b} of 100");
        }

        await server.MetricIsAsync(0, "mlsystem_variant_choices", ("variant", "off"));
        Assert.True(RecordedMetrics.Now(server, "mlsystem_variant_choices", ("variant", "b"), ("reason", "exploit")) > 0);
        Assert.True(RecordedMetrics.Now(server, "mlsystem_variant_rewards", ("variant", "b")) > 0);
    }

    [Fact]
    public async Task State_outlives_a_restart_with_and_without_its_snapshot()
    {
        await using var registry = await Traffic.RegistryAsync("linear", Variants, Bandit(BanditAlgorithm.Thompson));
        using var data = new TempFolder();
        JsonElement before;
        await using (var server = await InferenceServer.StartAsync(registry.Url, settings: Settings(data)))
        {
            var (_, body) = await server.InferAsync("linear", Requests.LinearBody(1));
            await RewardAsync(server, [(body.RequestId(), 0.25)]);
            await RewardAsync(server, [(body.RequestId(), 0.75)]);
            await Requests.EventuallyAsync(async () => Means(await server.PolicyAsync("linear")).Contains(0.75));
            before = await server.PolicyAsync("linear");
        }

        Assert.True(File.Exists(Path.Combine(data.Path, "inference", "bandits.json")));
        await using (var server = await InferenceServer.StartAsync(registry.Url, settings: Settings(data)))
        {
            await Requests.EventuallyAsync(async () => State(await server.PolicyAsync("linear")) == State(before));
            var (_, body) = await server.InferAsync("linear", Requests.LinearBody(1));
            await RewardAsync(server, [(body.RequestId(), 1)]);
            await RewardedAsync(server, 2);
            before = await server.PolicyAsync("linear");
        }

        File.Delete(Path.Combine(data.Path, "inference", "bandits.json"));
        await using var anew = await InferenceServer.StartAsync(registry.Url, settings: Settings(data));
        await Requests.EventuallyAsync(async () => State(await anew.PolicyAsync("linear")) == State(before));
    }

    [Fact]
    public async Task Another_version_behind_a_variant_begins_anew_and_the_former_one_comes_back_with_what_it_earned()
    {
        await using var registry = await Traffic.RegistryAsync("linear", Variants, Bandit(BanditAlgorithm.Ucb1));
        await using var server = await InferenceServer.StartAsync(registry.Url);
        var (_, body) = await server.InferAsync("linear", Requests.LinearBody(1));
        var id = body.RequestId();
        var variant = body.GetProperty("parameters").GetProperty("variant").GetString()!;
        await RewardAsync(server, [(id, 1)]);
        await RewardedAsync(server, 1);
        registry.SetEndpoint("linear", [.. Variants.Select(v => v with { Version = 3 })], Bandit(BanditAlgorithm.Ucb1));
        await Requests.EventuallyAsync(async () => (await server.PolicyAsync("linear")).GetProperty("revision").GetInt64() == 2);
        Assert.Equal(0, Pulls(await server.PolicyAsync("linear")));

        // Feedback that is late still goes to the version that answered.
        await RewardAsync(server, [(id, 0.5)]);
        registry.SetEndpoint("linear", Variants, Bandit(BanditAlgorithm.Ucb1));
        await Requests.EventuallyAsync(async () => (await server.PolicyAsync("linear")).Variant(variant).TryGetProperty("mean_reward", out var mean) && mean.GetDouble() == 0.5);
    }

    [Fact]
    public async Task Feedback_names_its_variant_and_a_reward_out_of_range_is_refused()
    {
        await using var registry = await Traffic.RegistryAsync("linear", Variants, Bandit(BanditAlgorithm.EpsilonGreedy));
        await using var server = await InferenceServer.StartAsync(registry.Url);
        var (_, body) = await server.InferAsync("linear", Requests.LinearBody(1));
        using (var refused = await server.Http.PostAsync("/v2/models/linear/feedback", Requests.Json($$"""{"id":"{{body.RequestId()}}/0","reward":1.5}""")))
        {
            Assert.Equal(400, (int)refused.StatusCode);
            Assert.Contains("rewards are 0 to 1", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        await RewardAsync(server, [(body.RequestId(), 1)]);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await using var consumer = server.Services.GetRequiredService<IEventLog>().Subscribe(Topics.Feedback, "test");
        var stored = (await consumer.ReadAsync(1, deadline.Token))[0].Event.Value;
        var feedback = JsonSerializer.Deserialize(stored.Span, ContractsJson.Default.FeedbackEvent)!;
        Assert.Equal(body.GetProperty("parameters").GetProperty("variant").GetString(), feedback.Variant);
        Assert.Equal(feedback.Variant == "a" ? 1 : 2, feedback.Version);
    }

    private static EndpointPolicy Bandit(string algorithm) => new() { Kind = PolicyKind.Bandit, Metric = BanditMetric.Reward, Algorithm = algorithm };

    private static Dictionary<string, string> Settings(TempFolder data) =>
        new(StringComparer.Ordinal) { ["MlSystem:DataDirectory"] = data.Path, ["Inference:Routing:Seed"] = "5", ["Inference:Bandits:SnapshotSeconds"] = "1" };

    private static async Task RewardAsync(InferenceServer server, IEnumerable<(string Id, double Reward)> rewards)
    {
        var items = rewards.Select(item => string.Create(System.Globalization.CultureInfo.InvariantCulture, $$"""{"id":"{{item.Id}}/0","reward":{{item.Reward}}}"""));
        using var accepted = await server.Http.PostAsync("/v2/models/linear/feedback", Requests.Json($"[{string.Join(',', items)}]"));
        Assert.Equal(202, (int)accepted.StatusCode);
    }

    private static Task RewardedAsync(InferenceServer server, long pulls) => Requests.EventuallyAsync(async () => Pulls(await server.PolicyAsync("linear")) == pulls, seconds: 30);

    private static long Pulls(JsonElement policy) => policy.GetProperty("variants").EnumerateArray().Sum(variant => variant.GetProperty("pulls").GetInt64());

    private static List<double> Means(JsonElement policy) =>
        [.. policy.GetProperty("variants").EnumerateArray().Where(variant => variant.TryGetProperty("mean_reward", out _)).Select(variant => variant.GetProperty("mean_reward").GetDouble())];

    private static string State(JsonElement policy) =>
        string.Join(';', policy.GetProperty("variants").EnumerateArray().Select(variant => variant.GetProperty("posterior").GetRawText()));
}

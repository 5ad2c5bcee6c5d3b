using Microsoft.Extensions.DependencyInjection;
using MlSystem.FeatureStore.Streams;
using MlSystem.Testing;

namespace MlSystem.FeatureStore.Tests.Streams;

/// <summary>Replicas on PostgreSQL and Redis share the partitions of a view, and the state moves with them.</summary>
public sealed class StreamReplicaTests
{
    private const string Counts = """{ "function": "count", "windows": [{ "size_seconds": 31622400 }] }, { "column": "amount", "function": "sum", "windows": [{ "size_seconds": 31622400 }] }""";
    private static readonly string[] Users = [.. Enumerable.Range(0, 40).Select(user => $"u{user}")];

    [Fact]
    public async Task Partitions_are_shared_and_their_state_goes_on_where_they_go()
    {
        Assert.SkipWhen(PostgresServer.Missing is not null, PostgresServer.Missing ?? "");
        Assert.SkipWhen(RedisServer.Missing is not null, RedisServer.Missing ?? "");
        await using var postgres = await PostgresServer.StartAsync();
        await using var redis = await RedisServer.StartAsync();
        using var folder = new TempFolder();
        (string, string?)[] settings =
        [
            ("ConnectionStrings:database", await postgres.CreateDatabaseAsync()), ("ConnectionStrings:cache", redis.ConnectionString),
            ("MlSystem:DataDirectory", folder.Path), ("Features:OfflineDirectory", Path.Combine(folder.Path, "parquet")), ("Features:Streams:SnapshotSeconds", "0.01"),
        ];
        await using var second = new Held();
        await using (var first = await FeatureStoreApp.StartAsync([.. settings, ("MlSystem:Instance", "a")]))
        {
            await first.PostOkAsync("/api/apply", StreamSamples.Definitions(Counts));
            await PushAsync(first);
            await ShowsAsync(1, first);

            second.App = await FeatureStoreApp.StartAsync([.. settings, ("MlSystem:Instance", "b")]);

            // Leases are judged by the members' own clocks.
            second.App.Time.SetUtcNow(first.Time.GetUtcNow());
            await Eventually.TrueAsync(
                () =>
                {
                    Advance(first, second.App);
                    return Task.FromResult(EntitiesOf(second.App) > 0 && EntitiesOf(first) > 0 && EntitiesOf(first) + EntitiesOf(second.App) == Users.Length);
                },
                TimeSpan.FromSeconds(90),
                "each replica has some of the entities");
            await PushAsync(first);
            await PushAsync(second.App);
            await ShowsAsync(3, first, second.App);
        }

        await PushAsync(second.App);
        await ShowsAsync(4, second.App);
    }

    private static long EntitiesOf(FeatureStoreApp app) => app.Services.GetRequiredService<StreamMetrics>().Standings.Sum(standing => standing.Entities);

    private static Task PushAsync(FeatureStoreApp app) => app.PostOkAsync("/push", StreamSamples.Push(Users.Select(user => (user, app.Time.GetUtcNow(), (long?)10, (string?)null))));

    private static Task ShowsAsync(int times, params FeatureStoreApp[] apps) => Eventually.TrueAsync(
        async () =>
        {
            Advance(apps);
            return (await apps[0].OnlineAsync(Users)).All(row => row == $"{times} {times * 10}");
        },
        TimeSpan.FromSeconds(90),
        $"every user has {times} events");

    /// <summary>Leases are renewed and given up as time goes on.</summary>
    private static void Advance(params FeatureStoreApp[] apps) => Array.ForEach(apps, app => app.Time.Advance(TimeSpan.FromSeconds(1)));

    private sealed class Held : IAsyncDisposable
    {
        public FeatureStoreApp App { get; set; } = null!;

        public ValueTask DisposeAsync() => App is null ? ValueTask.CompletedTask : App.DisposeAsync();
    }
}

using System.Net;
using System.Text.Json;
using MlSystem.Registry.Tests.Support;

namespace MlSystem.Registry.Tests.Artifacts;

/// <summary>The server that keeps the artifacts dies and comes again while the registry runs.</summary>
public sealed class StoreAwayTests
{
    private const string Artifacts = "/api/2.0/mlflow-artifacts/artifacts/";

    [Fact]
    public Task S3_that_is_away_is_told_as_503_and_nothing_is_referenced() => TryAsync(new S3ObjectStore());

    [Fact]
    public Task Azure_that_is_away_is_told_as_503_and_nothing_is_referenced() => TryAsync(new AzureObjectStore());

    [Fact]
    public Task S3_that_ends_under_load_is_told_as_503() => EndAsync(new S3ObjectStore());

    [Fact]
    public Task Azure_that_ends_under_load_is_told_as_503() => EndAsync(new AzureObjectStore());

    /// <summary>Calls that meet the server in the middle of its end: with the connection, the request or the answer half done.</summary>
    private static async Task EndAsync(ObjectStore store)
    {
        await using var _ = store;
        await store.InitializeAsync();
        Assert.SkipWhen(store.Missing is not null, store.Missing ?? "");
        (await store.App.Registry.UploadAsync("kept", new byte[1_000_000])).Ok();
        using var stop = new CancellationTokenSource();
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var calling = Enumerable.Range(0, 8).Select(worker => CallAsync(store.App.Client, worker, started, stop.Token)).ToList();
        await started.Task;
        await store.StopServerAsync();
        await RefusedAsync(await store.App.Client.GetAsync(Artifacts + "kept"));
        await stop.CancelAsync();
        await Task.WhenAll(calling);
    }

    private static async Task CallAsync(HttpClient http, int worker, TaskCompletionSource started, CancellationToken stop)
    {
        for (var i = 0; !stop.IsCancellationRequested; i++)
        {
            var call = (worker % 3) switch
            {
                0 => http.GetAsync(Artifacts + "kept", HttpCompletionOption.ResponseHeadersRead, CancellationToken.None),
                1 => http.PutAsync($"{Artifacts}{worker}/{i}", new ByteArrayContent(System.Security.Cryptography.RandomNumberGenerator.GetBytes(100_000)), CancellationToken.None),
                _ => http.PostAsync("/api/artifacts/verify", null, CancellationToken.None),
            };
            using var answer = await call;
            if (answer.StatusCode is not (HttpStatusCode.OK or HttpStatusCode.ServiceUnavailable))
            {
                Assert.Fail($"{(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync(CancellationToken.None)}");
            }

            started.TrySetResult();
        }
    }

    private static async Task TryAsync(ObjectStore store)
    {
        await using var _ = store;
        await store.InitializeAsync();
        Assert.SkipWhen(store.Missing is not null, store.Missing ?? "");
        var (registry, http) = (store.App.Registry, store.App.Client);
        (await registry.UploadAsync("before", [1, 2, 3])).Ok();
        (await registry.UploadAsync("deleted", [4, 5, 6])).Ok();
        (await registry.SendAsync(HttpMethod.Delete, Artifacts + "deleted")).Ok();

        await store.KillServerAsync();
        using var body = new ByteArrayContent([7, 8, 9]);
        await RefusedAsync(await http.PutAsync(Artifacts + "after", body));
        await RefusedAsync(await http.GetAsync(Artifacts + "before"));
        using var collected = await http.PostAsync("/api/artifacts/gc", null);
        Assert.Equal((HttpStatusCode.ServiceUnavailable, TimeSpan.FromSeconds(5)), (collected.StatusCode, collected.Headers.RetryAfter?.Delta));
        // What the database alone knows is still told.
        Assert.Equal(["before"], await ListAsync(registry));

        await store.RestartServerAsync();
        (await registry.UploadAsync("before", [1, 2, 3])).Ok();
        Assert.Equal([1, 2, 3], await registry.DownloadAsync("before"));
        (await registry.UploadAsync("after", [7, 8, 9])).Ok();
        Assert.Equal([7, 8, 9], await registry.DownloadAsync("after"));
        (await registry.SendAsync(HttpMethod.Post, "/api/artifacts/gc")).Ok();
        Assert.Equal(["after", "before"], await ListAsync(registry));
    }

    /// <summary>In MLflow's form, with the time after which trying again makes sense.</summary>
    private static async Task RefusedAsync(HttpResponseMessage answer)
    {
        using (answer)
        {
            var text = await answer.Content.ReadAsStringAsync();
            Assert.True(answer.StatusCode == HttpStatusCode.ServiceUnavailable, $"{(int)answer.StatusCode} {text}");
            Assert.Equal(TimeSpan.FromSeconds(5), answer.Headers.RetryAfter?.Delta);
            Assert.Equal("TEMPORARILY_UNAVAILABLE", JsonElement.Parse(text).GetProperty("error_code").GetString());
            Assert.Contains("store of the artifacts", text, StringComparison.Ordinal);
        }
    }

    private static async Task<List<string>> ListAsync(RegistryClient registry) =>
        [.. (await registry.NativeAsync("/api/2.0/mlflow-artifacts/artifacts?path=")).Ok().Body.GetProperty("files").EnumerateArray().Select(f => f.GetProperty("path").GetString()!).Order(StringComparer.Ordinal)];
}

using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using MlSystem.Registry.Artifacts;
using MlSystem.Registry.Artifacts.Stores;
using MlSystem.Registry.Tests.Support;
using MlSystem.ServiceDefaults.Errors;

namespace MlSystem.Registry.Tests.Artifacts;

/// <summary>The server that keeps the artifacts hangs: it takes connections and requests and answers nothing.</summary>
public sealed class StoreSilentTests
{
    private const string Artifact = "/api/2.0/mlflow-artifacts/artifacts/file";
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(3);

    [Fact]
    public Task S3_that_is_silent_is_given_up_in_time() => TryAsync(time => new S3ObjectStore { Time = time, BehindProxy = true });

    [Fact]
    public Task Azure_that_is_silent_is_given_up_in_time() => TryAsync(time => new AzureObjectStore { Time = time, BehindProxy = true });

    [Fact]
    public async Task A_store_that_takes_no_connection_is_given_up_in_time()
    {
        // Linux lets a connection wait where a listener's queue is full; one waits there already.
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(0);
        var address = (IPEndPoint)listener.LocalEndPoint!;
        using var waiting = new TcpClient();
        await waiting.ConnectAsync(address, TestContext.Current.CancellationToken);
        var options = new ArtifactOptions { ConnectTimeoutSeconds = 0.5, S3 = new() { Bucket = "b", Endpoint = $"http://{address}", PathStyle = true, AccessKey = "k", SecretKey = "s" } };
        using var store = new RemoteBlobs(new S3Blobs(options, TimeProvider.System));
        var error = await Assert.ThrowsAsync<ErrorAnswerException>(() => store.SizeAsync(new string('a', 64), TestContext.Current.CancellationToken));
        Assert.Equal(503, error.Answer.Status);
        Assert.Contains("0.5 s (Registry:Artifacts:ConnectTimeoutSeconds)", error.Message, StringComparison.Ordinal);
    }

    private static async Task TryAsync(Func<TimeProvider, ObjectStore> make)
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(60));
        await using var store = make(time);
        await store.InitializeAsync();
        Assert.SkipWhen(store.Missing is not null, store.Missing ?? "");
        (await store.App.Registry.UploadAsync("file", new byte[100_000])).Ok();
        store.Proxy!.FallSilent();
        await GivenUpAsync(store, time, () => store.App.Client.GetAsync(Artifact));
        await GivenUpAsync(store, time, () => store.App.Client.PutAsync(Artifact, new ByteArrayContent(new byte[200_000])));
    }

    /// <summary>503 in MLflow's form once the time is over, and not before.</summary>
    private static async Task GivenUpAsync(ObjectStore store, FakeTimeProvider time, Func<Task<HttpResponseMessage>> call)
    {
        var before = store.Proxy!.Swallowing;
        var calling = call();
        for (var start = TimeProvider.System.GetTimestamp(); store.Proxy.Swallowing == before;)
        {
            Assert.False(calling.IsCompleted, "It was answered before the store was asked.");
            Assert.True(TimeProvider.System.GetElapsedTime(start) < Deadline, "The store was not asked.");
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }

        time.Advance(TimeSpan.FromSeconds(29));
        Assert.False(calling.IsCompleted);
        for (var start = TimeProvider.System.GetTimestamp(); !calling.IsCompleted;)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start) < Deadline, "The store was not given up.");
            time.Advance(TimeSpan.FromSeconds(2));
            await Task.WhenAny(calling, Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System));
        }

        using var answer = await calling;
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == HttpStatusCode.ServiceUnavailable, $"{(int)answer.StatusCode} {text}");
        Assert.Equal("TEMPORARILY_UNAVAILABLE", JsonElement.Parse(text).GetProperty("error_code").GetString());
        Assert.Contains("30 s (Registry:Artifacts:SilenceTimeoutSeconds)", text, StringComparison.Ordinal);
    }
}

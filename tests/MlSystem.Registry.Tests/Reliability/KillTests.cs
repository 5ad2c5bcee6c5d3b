using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using MlSystem.Contracts;
using MlSystem.Registry.Tests.Support;
using MlSystem.Testing;

namespace MlSystem.Registry.Tests.Reliability;

/// <summary>SIGKILL of a real registry process at bad moments.</summary>
public sealed class KillTests : IDisposable
{
    private static readonly int Rounds = Environment.GetEnvironmentVariable("MLSYSTEM_SOAK") is null ? 5 : 50;
    private readonly TempFolder _folder = new();
    private readonly int _port = FreePort.Next();
    private readonly HttpClient _http;

    public KillTests() => _http = new HttpClient { BaseAddress = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{_port}")) };

    private RegistryClient Registry => new(_http);

    public void Dispose()
    {
        _http.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task What_was_acknowledged_outlives_kill_9()
    {
        string model;
        await using (var first = await StartAsync())
        {
            model = await Registry.ModelAsync();
            var version = await Registry.ServableAsync(model);
            await Registry.ChampionAsync(model, version);
            await first.KillAsync();
        }

        var pending = 1;
        for (var round = 0; round < Rounds; round++)
        {
            await using var process = await StartAsync();
            Assert.Equal("servable", (await Registry.ValidatedAsync(model, pending)).GetProperty("status").GetString());
            Assert.Equal(pending.ToString(CultureInfo.InvariantCulture), (await Registry.GetAsync($"registered-models/alias?name={model}&alias=champion")).Ok().Body.GetProperty("model_version").GetProperty("version").GetString());
            // Killed while its validation is pending: the next start takes it up; the alias on it is only an alias.
            pending = await Registry.VersionAsync(model, await Registry.LogModelAsync(TinyModels.Identity(), TinyModels.IdentitySignature));
            await Registry.ChampionAsync(model, pending);
            await process.KillAsync();
        }

        await using var last = await StartAsync();
        Assert.Equal("servable", (await Registry.ValidatedAsync(model, pending)).GetProperty("status").GetString());
        Assert.Equal(Rounds + 1, (await Registry.NativeAsync($"/api/models/{model}/versions")).Ok().Body.GetProperty("versions").GetArrayLength());
        var told = (await RegistryEvents.ReadAsync(_folder.Path, all => all.Count(e => e.Model == model && e.Change == RegistryChange.VersionValidated) >= Rounds + 1))
            .Where(e => e.Model == model).ToList();
        Assert.Equal(Enumerable.Range(1, Rounds + 1), told.Where(e => e.Change == RegistryChange.VersionCreated).Select(e => e.Version!.Value).Distinct());
        Assert.Equal(Rounds + 1, told.Where(e => e.Change == RegistryChange.AliasSet).Select(e => e.EventId).Distinct().Count());
    }

    [Fact]
    public async Task An_upload_cut_off_by_kill_9_leaves_no_file_and_the_next_one_succeeds()
    {
        var random = new Random(7);
        var acknowledged = new byte[100_000];
        for (var round = 0; ; round++)
        {
            await using var process = await StartAsync();
            if (round > 0)
            {
                Assert.Equal(acknowledged, await Registry.DownloadAsync($"run/whole{round - 1}"));
                Assert.Equal(HttpStatusCode.NotFound, (await _http.GetAsync($"/api/2.0/mlflow-artifacts/artifacts/run/half{round - 1}")).StatusCode);
                (await Registry.UploadAsync($"run/half{round - 1}", "now"u8.ToArray())).Ok();
            }

            if (round == Rounds)
            {
                return;
            }

            random.NextBytes(acknowledged);
            (await Registry.UploadAsync($"run/whole{round}", acknowledged)).Ok();
            await SendPartAsync($"/api/2.0/mlflow-artifacts/artifacts/run/half{round}", 10_000_000, random.Next(1, 5_000_000));
            await process.KillAsync();
        }
    }

    private Task<ServerProcess> StartAsync() => RegistryProcess.StartAsync(_http, _folder.Path);

    private async Task SendPartAsync(string path, int announced, int sent)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, _port);
        await using var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"PUT {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {announced}\r\n\r\n")));
        await stream.WriteAsync(new byte[sent]);
        await stream.FlushAsync();
    }
}

using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using MlSystem.Contracts;
using MlSystem.Registry.Tests.Support;
using MlSystem.Testing;

namespace MlSystem.Registry.Tests.Reliability;

/// <summary>SIGKILL at random moments under uploads, registrations, promotions and changes of endpoints at the same time: 5 of them, 50 in a soak run.</summary>
public sealed class RandomKillTests : IDisposable
{
    private const int Seed = 11;
    private static readonly int Rounds = Environment.GetEnvironmentVariable("MLSYSTEM_SOAK") is null ? 5 : 50;
    private readonly TempFolder _folder = new();
    private readonly HttpClient _http = new() { BaseAddress = new Uri($"http://127.0.0.1:{FreePort.Next()}"), Timeout = TimeSpan.FromMinutes(10) };
    private readonly Random _random = new(Seed);
    private readonly ConcurrentDictionary<string, byte[]> _files = new();
    private readonly ConcurrentDictionary<int, bool> _versions = new();
    private readonly HashSet<int> _servable = [];
    private (int? Acknowledged, int? Tried) _champion;
    private ServingUnderFire _serving = null!;
    private string _model = "";
    private string _run = "";

    private RegistryClient Registry => new(_http);

    [Fact]
    public async Task Nothing_acknowledged_is_lost_and_no_version_is_half()
    {
        for (var round = 0; round <= Rounds; round++)
        {
            await using var process = await RegistryProcess.StartAsync(_http, _folder.Path);
            if (round == 0)
            {
                _model = await Registry.ModelAsync();
                _run = await Registry.LogModelAsync(TinyModels.Identity(), TinyModels.IdentitySignature);
                await CreateAsync();
                await CreateAsync();
                _serving = new(_http, _model);
            }

            await CheckVersionsAsync();
            await CheckAliasesAsync();
            await CheckChampionAsync();
            await _serving.CheckAsync();
            await CheckFilesAsync(round == Rounds ? _files.Keys : _files.Keys.Where(path => path.StartsWith($"{round - 1}/", StringComparison.Ordinal)));
            if (round == Rounds)
            {
                await CheckToldAsync();
                return;
            }

            using var killed = new CancellationTokenSource();
            var work = Task.WhenAll(
                UntilKilledAsync(i => UploadAsync($"{round}/{i}"), killed.Token),
                UntilKilledAsync(i => i < 5 ? CreateAsync() : UploadAsync($"{round}/more{i}"), killed.Token),
                UntilKilledAsync(_ => PromoteAsync(), killed.Token),
                UntilKilledAsync(_ => _serving.PutAsync(AnyServable()), killed.Token),
                UntilKilledAsync(_ => _serving.PromoteAsync(AnyServable()), killed.Token));
            await Task.Delay(TimeSpan.FromMilliseconds(_random.Next(10, 500)), TimeProvider.System);
            await killed.CancelAsync();
            await process.KillAsync();
            await work;
        }
    }

    public void Dispose()
    {
        _http.Dispose();
        _folder.Dispose();
    }

    /// <summary>Goes on until the process does not answer any more; an answer that is not a success fails the test.</summary>
    private static async Task UntilKilledAsync(Func<int, Task> actAsync, CancellationToken killed)
    {
        try
        {
            for (var i = 0; ; i++)
            {
                await actAsync(i);
            }
        }
        catch (HttpRequestException) when (killed.IsCancellationRequested)
        {
            // What was under way was not acknowledged.
        }
    }

    private async Task UploadAsync(string path)
    {
        var content = RandomNumberGenerator.GetBytes(RandomNumberGenerator.GetInt32(1, 300_000));
        (await Registry.UploadAsync(path, content)).Ok();
        _files[path] = SHA256.HashData(content);
    }

    private async Task CreateAsync() => _versions[await Registry.VersionAsync(_model, _run)] = true;

    private async Task PromoteAsync()
    {
        var version = AnyServable();
        _champion.Tried = version;
        await Registry.ChampionAsync(_model, version);
        _champion.Acknowledged = version;
    }

    private int AnyServable() => RandomNumberGenerator.GetItems<int>([.. _servable], 1)[0];

    private async Task CheckFilesAsync(IEnumerable<string> paths)
    {
        foreach (var path in paths)
        {
            Assert.Equal(_files[path], SHA256.HashData(await Registry.DownloadAsync(path)));
        }
    }

    /// <summary>Versions are 1, 2, 3 …, hold every acknowledged one, and each is whole: files by its manifest, and servable in the end.</summary>
    private async Task CheckVersionsAsync()
    {
        var listed = (await Registry.NativeAsync($"/api/models/{_model}/versions")).Ok().Body.GetProperty("versions").EnumerateArray()
            .Select(version => version.GetProperty("version").GetInt32()).Order().ToList();
        Assert.Equal(Enumerable.Range(1, listed.Count), listed);
        Assert.Subset(listed.ToHashSet(), _versions.Keys.ToHashSet());
        foreach (var number in listed.Where(number => !_servable.Contains(number)))
        {
            var version = await Registry.ValidatedAsync(_model, number);
            Assert.True(version.GetProperty("status").GetString() == "servable", version.ToString());
            var files = version.GetProperty("manifest").GetProperty("files").EnumerateArray().ToList();
            Assert.Equal(["model.onnx", "signature.json"], files.Select(file => file.GetProperty("path").GetString()!).Order(StringComparer.Ordinal));
            foreach (var file in files)
            {
                var content = await _http.GetByteArrayAsync($"/api/models/{_model}/versions/{number}/files/{file.GetProperty("path").GetString()}");
                Assert.Equal(file.GetProperty("sha256").GetString(), Convert.ToHexStringLower(SHA256.HashData(content)));
            }

            _servable.Add(number);
        }
    }

    /// <summary>Every alias names a version that exists.</summary>
    private async Task CheckAliasesAsync()
    {
        var model = (await Registry.GetAsync($"registered-models/get?name={_model}")).Ok().Body.GetProperty("registered_model");
        if (model.TryGetProperty("aliases", out var aliases))
        {
            Assert.All(aliases.EnumerateArray(), alias => Assert.Contains(int.Parse(alias.GetProperty("version").GetString()!, CultureInfo.InvariantCulture), _servable));
        }
    }

    /// <summary>The outbox was delivered: the event log has every change that the database has, and none that it has not.</summary>
    private async Task CheckToldAsync()
    {
        var serving = await _serving.ChangesAsync();
        var told = await RegistryEvents.ReadAsync(_folder.Path, all => ServingUnderFire.Told(all).IsSupersetOf(serving) && Versions(all).IsSupersetOf(_servable));
        Assert.Equal([.. serving], ServingUnderFire.Told(told).Where(ServingUnderFire.IsOwn).ToList());
        Assert.Equal(_servable.Order(), Versions(told).Order());

        HashSet<int> Versions(IEnumerable<RegistryEvent> events) =>
            [.. events.Where(e => e.Model == _model && e.Change == RegistryChange.VersionCreated).Select(e => e.Version!.Value)];
    }

    /// <summary>The last acknowledged promotion holds, or the one that was under way; alias and serving state agree.</summary>
    private async Task CheckChampionAsync()
    {
        if (_champion.Acknowledged is null)
        {
            return;
        }

        var alias = (await Registry.GetAsync($"registered-models/alias?name={_model}&alias=champion")).Ok().Body.GetProperty("model_version").GetProperty("version").GetString();
        var champion = int.Parse(alias!, CultureInfo.InvariantCulture);
        Assert.Contains(champion, new[] { _champion.Acknowledged, _champion.Tried }.OfType<int>());
        var variant = Assert.Single((await Registry.NativeAsync($"/api/endpoints/{_model}")).Ok().Body.GetProperty("variants").EnumerateArray());
        Assert.Equal(champion, variant.GetProperty("version").GetInt32());
        _champion = (champion, null);
    }
}

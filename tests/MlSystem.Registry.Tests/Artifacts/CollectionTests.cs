using System.Net;
using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using MlSystem.Registry.Artifacts;
using MlSystem.Registry.Storage;
using MlSystem.Registry.Tests.Support;
using MlSystem.Testing;

namespace MlSystem.Registry.Tests.Artifacts;

/// <summary>Garbage is collected while uploads, versions and deletions of the same contents go on: no referenced blob is ever missing.</summary>
public sealed class CollectionTests
{
    private const string Artifacts = "/api/2.0/mlflow-artifacts/artifacts/";
    private const int Contents = 6;
    private static readonly int Steps = Environment.GetEnvironmentVariable("MLSYSTEM_SOAK") is null ? 60 : 1000;

    [Fact]
    public async Task No_referenced_blob_is_missing_on_SQLite() => await RaceAsync(new RegistryApp());

    [Fact]
    public async Task No_referenced_blob_is_missing_on_PostgreSQL()
    {
        Assert.SkipWhen(PostgresServer.Missing is not null, PostgresServer.Missing ?? "");
        await RaceAsync(new PostgresRegistryApp());
    }

    [Fact]
    public async Task By_itself_it_waits_for_the_grace_period()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(60));
        await using var app = await RegistryApp.StartAsync(time, ("Registry:Artifacts:CollectEveryHours", "1"), ("Registry:Artifacts:CollectAfterHours", "3"));
        var content = RandomNumberGenerator.GetBytes(100);
        var file = Path.Combine(app.DataFolder, "registry", "blobs", Convert.ToHexStringLower(SHA256.HashData(content))[..2], Convert.ToHexStringLower(SHA256.HashData(content)));
        (await app.Registry.UploadAsync("a", content)).Ok();
        (await app.Registry.SendAsync(HttpMethod.Delete, Artifacts + "a")).Ok();
        Assert.Equal(0, (await app.Registry.SendAsync(HttpMethod.Post, "/api/artifacts/gc", new { dry_run = false })).Ok().Body.GetProperty("removed").GetInt32());
        Assert.True(File.Exists(file));
        await Eventually.TrueAsync(
            () =>
            {
                time.Advance(TimeSpan.FromHours(1));
                return Task.FromResult(!File.Exists(file));
            },
            TimeSpan.FromMinutes(1),
            "the blob was collected");
    }

    [Fact]
    public async Task An_unknown_field_is_refused()
    {
        await using var app = await RegistryApp.StartAsync();
        Assert.Equal(HttpStatusCode.BadRequest, (await app.Registry.SendAsync(HttpMethod.Post, "/api/artifacts/gc", new { dry = true })).Status);
    }

    private static async Task RaceAsync(RegistryApp app)
    {
        await using var _ = app;
        app.Set("Registry:Artifacts:CollectAfterHours", "0");
        await app.InitializeAsync();
        var models = await Task.WhenAll(app.Registry.ModelAsync(), app.Registry.ModelAsync());
        using var stop = new CancellationTokenSource();
        var collecting = CollectAsync(app, stop.Token);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(worker => WorkAsync(app, models[worker % 2], new Random(worker))));
        await stop.CancelAsync();
        Assert.True(await collecting > 0, "nothing was ever collected: the race was none");
        await CheckAsync(app);
    }

    private static async Task<long> CollectAsync(RegistryApp app, CancellationToken stop)
    {
        var removed = 0L;
        while (!stop.IsCancellationRequested)
        {
            removed += (await app.Registry.SendAsync(HttpMethod.Post, "/api/artifacts/gc")).Ok().Body.GetProperty("removed").GetInt64();
            await Task.Yield();
        }

        return removed;
    }

    private static async Task WorkAsync(RegistryApp app, string model, Random random)
    {
        for (var step = 0; step < Steps; step++)
        {
            var path = $"race/{random.Next(3)}/{random.Next(4)}";
            var answer = random.Next(10) switch
            {
                < 5 => await app.Registry.UploadAsync(path, BitConverter.GetBytes(random.Next(Contents))),
                < 8 => await app.Registry.SendAsync(HttpMethod.Delete, Artifacts + path),
                8 => await app.Registry.PostAsync("model-versions/create", new { name = model, source = $"mlflow-artifacts:/race/{random.Next(3)}" }),
                _ => await app.Registry.PostAsync("model-versions/delete", new { name = model, version = random.Next(1, 10).ToString() }, HttpMethod.Delete),
            };
            Assert.True(answer.Status is HttpStatusCode.OK or HttpStatusCode.NotFound or HttpStatusCode.ServiceUnavailable, $"{answer.Status} {answer.Body}");
        }
    }

    private static async Task CheckAsync(RegistryApp app)
    {
        var blobs = app.Services.GetRequiredService<BlobStore>();
        await using var db = app.Services.GetRequiredService<RegistryDatabase>().Read();
        var referenced = await db.Artifacts.Where(a => a.Sha256 != null).Select(a => a.Sha256!).Union(db.VersionFiles.Select(f => f.Sha256)).ToListAsync();
        Assert.NotEmpty(referenced);
        foreach (var hash in referenced)
        {
            await using var stream = blobs.OpenRead(hash);
            Assert.Equal(hash, Convert.ToHexStringLower(await SHA256.HashDataAsync(stream)));
        }
    }
}

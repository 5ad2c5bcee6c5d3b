using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using MlSystem.Registry.Artifacts;
using MlSystem.Registry.Artifacts.Collection;
using MlSystem.Registry.Storage;
using MlSystem.Registry.Tests.Support;
using MlSystem.ServiceDefaults.Errors;
using MlSystem.Testing;

namespace MlSystem.Registry.Tests.Artifacts;

/// <summary>The orders of an upload's steps and a collection in which a content could be lost, each made to happen.</summary>
public sealed class CollectionOrderTests
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch.AddYears(60));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_content_that_was_collected_before_its_reference_is_not_referenced(bool postgres)
    {
        await using var app = await StartAsync(postgres, graceHours: 0);
        var (tree, blob) = (app.Services.GetRequiredService<ArtifactTree>(), await StoreAsync(app));
        Assert.Equal(1, (await CollectAsync(app)).Removed);
        Assert.Equal(503, (await Assert.ThrowsAsync<ErrorAnswerException>(() => tree.PutAsync("late", blob, CancellationToken.None))).Answer.Status);
        Assert.Null(await tree.FindAsync("late", CancellationToken.None));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Within_the_grace_period_a_stored_content_waits_for_its_reference(bool postgres)
    {
        await using var app = await StartAsync(postgres, graceHours: 1);
        var blob = await StoreAsync(app);
        Assert.Equal(0, (await CollectAsync(app)).Removed);
        await app.Services.GetRequiredService<ArtifactTree>().PutAsync("in-time", blob, CancellationToken.None);
        _time.Advance(TimeSpan.FromDays(1));
        Assert.Equal(0, (await CollectAsync(app)).Removed);
        Assert.Equal(100, (await app.Registry.DownloadAsync("in-time")).Length);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_collection_waits_for_a_reference_under_way(bool postgres)
    {
        await using var app = await StartAsync(postgres, graceHours: 0);
        var blob = await StoreAsync(app);
        var (referenced, commit) = (new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        var referencing = app.Services.GetRequiredService<RegistryDatabase>().WriteAsync(
            async db =>
            {
                await BlobLedger.ReferenceAsync(db, [blob.Sha256], _time.GetUtcNow(), CancellationToken.None);
                db.Artifacts.Add(new ArtifactEntry { Path = "held", Folder = "", IsDirectory = false, Sha256 = blob.Sha256, SizeBytes = blob.SizeBytes, UpdatedAt = 0 });
                referenced.TrySetResult();
                await commit.Task;
            },
            CancellationToken.None);
        await referenced.Task;
        var collecting = CollectAsync(app);
        // Time for a collection that does not wait to do its harm; one that waits is not there earlier or later.
        await Task.WhenAny(collecting, Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System));
        commit.SetResult();
        await referencing;
        Assert.Equal(0, (await collecting).Removed);
        Assert.Equal(100, (await app.Registry.DownloadAsync("held")).Length);
    }

    private static Task<Blob> StoreAsync(RegistryApp app) =>
        app.Services.GetRequiredService<BlobStore>().WriteAsync(new MemoryStream(RandomNumberGenerator.GetBytes(100)), CancellationToken.None);

    private Task<CollectionReport> CollectAsync(RegistryApp app)
    {
        _time.Advance(TimeSpan.FromSeconds(1));
        return app.Services.GetRequiredService<BlobCollector>().CollectAsync(dryRun: false, CancellationToken.None);
    }

    private async Task<RegistryApp> StartAsync(bool postgres, int graceHours)
    {
        Assert.SkipWhen(postgres && PostgresServer.Missing is not null, PostgresServer.Missing ?? "");
        var app = postgres ? new PostgresRegistryApp { Time = _time } : new RegistryApp { Time = _time };
        app.Set("Registry:Artifacts:CollectAfterHours", graceHours.ToString(System.Globalization.CultureInfo.InvariantCulture));
        await app.InitializeAsync();
        return app;
    }
}

using System.IO.Pipelines;
using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using MlSystem.Registry.Artifacts;
using MlSystem.Registry.Artifacts.Collection;
using MlSystem.Registry.Artifacts.Stores;
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

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_content_leaves_the_store_while_its_row_is_still_held(bool postgres)
    {
        await using var app = await StartAsync(postgres, graceHours: 0);
        var (content, blobs, database) = (RandomNumberGenerator.GetBytes(100), app.Services.GetRequiredService<BlobStore>(), app.Services.GetRequiredService<RegistryDatabase>());
        var blob = await blobs.WriteAsync(PipeReader.Create(new(content)), CancellationToken.None);
        _time.Advance(TimeSpan.FromSeconds(1));
        Task? again = null;
        var store = new HookedStore(blobs.Backend, async () =>
        {
            await using var db = database.Read();
            Assert.True(await db.Blobs.AnyAsync(b => b.Sha256 == blob.Sha256), "The row was gone before the content: an upload in between would lose it.");
            again = blobs.WriteAsync(PipeReader.Create(new(content)), CancellationToken.None);
            // Time for an upload that does not wait to be in the way.
            await Task.WhenAny(again, Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System));
            Assert.False(again.IsCompleted, "An upload of the content did not wait for its removal.");
        });
        var collector = new BlobCollector(database, store, app.Services.GetRequiredService<Microsoft.Extensions.Options.IOptions<ArtifactOptions>>(), _time);
        Assert.Equal(1, (await collector.CollectAsync(dryRun: false, CancellationToken.None)).Removed);
        await again!;
        Assert.Equal(100, await blobs.Backend.SizeAsync(blob.Sha256, CancellationToken.None));
    }

    /// <summary>A store that lets something happen before it deletes.</summary>
    private sealed class HookedStore(IBlobBackend inner, Func<Task> deleting) : IBlobBackend
    {
        public Task OpenAsync(CancellationToken cancellationToken) => inner.OpenAsync(cancellationToken);

        public Task PublishAsync(string file, Blob blob, CancellationToken cancellationToken) => inner.PublishAsync(file, blob, cancellationToken);

        public Task<Stream> OpenReadAsync(string sha256, long offset, CancellationToken cancellationToken) => inner.OpenReadAsync(sha256, offset, cancellationToken);

        public Task<long?> SizeAsync(string sha256, CancellationToken cancellationToken) => inner.SizeAsync(sha256, cancellationToken);

        public IAsyncEnumerable<StoredBlob> ListAsync(CancellationToken cancellationToken) => inner.ListAsync(cancellationToken);

        public async Task DeleteAsync(string sha256, CancellationToken cancellationToken)
        {
            await deleting();
            await inner.DeleteAsync(sha256, cancellationToken);
        }
    }

    private static Task<Blob> StoreAsync(RegistryApp app) =>
        app.Services.GetRequiredService<BlobStore>().WriteAsync(PipeReader.Create(new(RandomNumberGenerator.GetBytes(100))), CancellationToken.None);

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

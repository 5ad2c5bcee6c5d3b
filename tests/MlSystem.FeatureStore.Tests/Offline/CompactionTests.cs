using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Offline;
using MlSystem.FeatureStore.Offline.Compaction;

namespace MlSystem.FeatureStore.Tests.Offline;

public sealed class CompactionTests
{
    private const string Join = """{"features":["hourly:trips"],"entity_df":{"driver_id":[1,2],"event_timestamp":["2026-03-01T11:00:00Z","2026-03-01T11:00:00Z"]}}""";
    private static readonly DateOnly Day = new(2026, 3, 1);

    [Fact]
    public async Task Many_files_become_one_without_repeated_rows_and_joins_stay_the_same()
    {
        await using var app = await FeatureStoreApp.StartAsync(("Features:OfflineRetentionSeconds", "0"));
        await app.PostOkAsync("/api/apply", Samples.Definitions);
        for (var i = 0; i < 4; i++)
        {
            await PushAsync(app, Samples.Push(1, "2026-03-01T11:00:00Z", i, created: $"2026-03-01T12:00:0{i}Z"));
            await PushAsync(app, Samples.Push(2, "2026-03-01T10:59:00Z", 7));
        }

        Assert.Equal("[3,7]", await TripsAsync(app));
        Assert.True((await PartitionAsync(app)).GetProperty("files").GetInt32() > 1);
        var before = Files(app);

        var answer = await app.PostOkAsync("/api/feature-views/hourly/compact", "");

        Assert.Equal(1, answer.GetProperty("compacted").GetInt32());
        Assert.Equal("[3,7]", await TripsAsync(app));
        var partition = await PartitionAsync(app);
        Assert.Equal((2, 1, true), (partition.GetProperty("rows").GetInt64(), partition.GetProperty("files").GetInt32(), partition.GetProperty("compacted").GetBoolean()));
        Assert.All(before, path => Assert.True(File.Exists(path), "replaced files are removed by the cleaner alone"));
        await app.Services.GetRequiredService<OfflineCleaner>().RemoveReplacedAsync(CancellationToken.None);
        Assert.All(before, path => Assert.False(File.Exists(path)));
        Assert.Equal("[3,7]", await TripsAsync(app));
        Assert.Equal(0, (await app.PostOkAsync("/api/feature-views/hourly/compact", "")).GetProperty("files_merged").GetInt32());
    }

    [Fact]
    public async Task Files_that_were_replaced_stay_until_their_readers_are_done()
    {
        await using var app = await FeatureStoreApp.StartAsync(("Features:OfflineRetentionSeconds", "0"));
        await app.PostOkAsync("/api/apply", Samples.Definitions);
        await PushAsync(app, Samples.Push(1, "2026-03-01T11:00:00Z", 1));
        await PushAsync(app, Samples.Push(2, "2026-03-01T11:00:00Z", 2));
        var cleaner = app.Services.GetRequiredService<OfflineCleaner>();
        IReadOnlyList<string> paths;
        using (var snapshot = await app.Services.GetRequiredService<OfflineManifest>().SnapshotAsync("hourly", [OfflineRange.All], CancellationToken.None))
        {
            paths = snapshot.Paths;
            Assert.NotEmpty(paths);
            app.Time.Advance(TimeSpan.FromSeconds(1));
            await app.PostOkAsync("/api/feature-views/hourly/compact", "");
            app.Time.Advance(TimeSpan.FromSeconds(1));
            await cleaner.RemoveReplacedAsync(CancellationToken.None);
            Assert.All(paths, path => Assert.True(File.Exists(path)));
        }

        await cleaner.RemoveReplacedAsync(CancellationToken.None);
        Assert.All(paths, path => Assert.False(File.Exists(path)));
    }

    [Fact]
    public async Task A_row_that_was_corrected_offline_only_stays_for_the_online_store_if_a_materialization_took_it_there()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", Samples.Definitions);
        await PushAsync(app, Samples.Push(1, "2026-03-01T11:00:00Z", 1, to: "offline"));
        app.Time.Advance(TimeSpan.FromSeconds(1));
        await app.PostOkAsync("/materialize", """{"start_ts":"2026-01-01T00:00:00Z","end_ts":"2026-12-31T00:00:00Z"}""");
        app.Time.Advance(TimeSpan.FromSeconds(1));
        await PushAsync(app, Samples.Push(1, "2026-03-01T11:00:00Z", 2, created: "2026-03-01T12:00:05Z", to: "offline"));
        await PushAsync(app, Samples.Push(1, "2026-03-01T11:00:00Z", 3, created: "2026-03-01T11:59:00Z", to: "online"));

        await app.PostOkAsync("/api/feature-views/hourly/compact", "");

        // The correction, the row that was materialized; the online-only row is older than both and hidden by neither.
        Assert.Equal(3, (await PartitionAsync(app)).GetProperty("rows").GetInt64());
        Assert.Equal("[2,null]", await TripsAsync(app));
    }

    [Fact]
    public async Task Writing_the_same_rows_of_the_same_origin_again_changes_nothing_also_when_they_were_merged_meanwhile()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", Samples.Definitions);
        var (view, store) = (app.Services.GetRequiredService<CatalogStore>().Current.Views["hourly"], app.Services.GetRequiredService<OfflineStore>());
        OfflineRow[] rows = [Row(view, 1), Row(view, 2)];
        await store.WriteAsync(rows, "origin 1", CancellationToken.None);
        await store.WriteAsync([Row(view, 3)], "origin 2", CancellationToken.None);
        await store.WriteAsync(rows, "origin 1", CancellationToken.None);
        Assert.Equal(2, (await PartitionAsync(app)).GetProperty("files").GetInt32());
        await app.Services.GetRequiredService<Compactor>().CompactFullyAsync(view, Day, CancellationToken.None);
        await store.WriteAsync(rows, "origin 1", CancellationToken.None);
        Assert.Equal(3, (await PartitionAsync(app)).GetProperty("rows").GetInt64());
    }

    [Fact]
    public async Task Of_two_that_merge_the_same_files_one_wins_and_the_other_leaves_no_trace()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", Samples.Definitions);
        await PushAsync(app, Samples.Push(1, "2026-03-01T11:00:00Z", 1));
        await PushAsync(app, Samples.Push(2, "2026-03-01T11:00:00Z", 2));
        var manifest = app.Services.GetRequiredService<OfflineManifest>();
        var old = await manifest.ReadAsync("hourly", OfflineRange.All, CancellationToken.None);
        await app.PostOkAsync("/api/feature-views/hourly/compact", "");
        var merged = await manifest.ReadAsync("hourly", OfflineRange.All, CancellationToken.None);

        Assert.False(await manifest.ReplaceAsync(old, Copy(old[0], "other.parquet"), CancellationToken.None));

        Assert.Equal(merged.Select(file => file.Name), (await manifest.ReadAsync("hourly", OfflineRange.All, CancellationToken.None)).Select(file => file.Name));
    }

    [Fact]
    public async Task Files_of_a_folder_without_manifest_are_recorded_at_start()
    {
        await using var first = await FeatureStoreApp.StartAsync();
        await first.PostOkAsync("/api/apply", Samples.Definitions);
        await PushAsync(first, Samples.Push(1, "2026-03-01T11:00:00Z", 1));
        using var copy = new MlSystem.Testing.TempFolder();
        var file = Files(first).Single();
        var partition = Directory.CreateDirectory(Path.Combine(copy.Path, "hourly", "date=2026-03-01")).FullName;
        File.Copy(file, Path.Combine(partition, Path.GetFileName(file)));

        await using var second = await FeatureStoreApp.StartAsync(("Features:OfflineDirectory", copy.Path));
        await second.PostOkAsync("/api/apply", Samples.Definitions);

        Assert.Equal("[1,null]", await TripsAsync(second));
        Assert.Equal(1, (await PartitionAsync(second)).GetProperty("features").GetProperty("trips").GetProperty("mean").GetDouble());
    }

    /// <summary>Each push becomes a file of its own: a join asks for it.</summary>
    private static async Task PushAsync(FeatureStoreApp app, string push)
    {
        await app.PostOkAsync("/push", push);
        await app.PostOkAsync("/api/historical-features", Join);
    }

    private static async Task<string> TripsAsync(FeatureStoreApp app) =>
        (await app.PostOkAsync("/api/historical-features", Join)).GetProperty("columns").GetProperty("trips").GetRawText();

    private static async Task<JsonElement> PartitionAsync(FeatureStoreApp app) =>
        JsonDocument.Parse(await app.Client.GetStringAsync("/api/feature-views/hourly/partitions")).RootElement.GetProperty("partitions")[0];

    private static string[] Files(FeatureStoreApp app) => Directory.GetFiles(app.DataFolder, "*.parquet", SearchOption.AllDirectories);

    private static OfflineRow Row(FeatureView view, long driver) => new(
        new FeatureStore.Ingestion.FeatureRow
        {
            View = view,
            Keys = [FeatureStore.Ingestion.FeatureValue.Of(driver)],
            EventUs = UnixTime.Microseconds(new DateTimeOffset(2026, 3, 1, 11, 0, 0, TimeSpan.Zero)),
            CreatedUs = 1,
            Values = [FeatureStore.Ingestion.FeatureValue.Of(1L), FeatureStore.Ingestion.FeatureValue.Of(0.5), FeatureStore.Ingestion.FeatureValue.Of("gold")],
            Offline = true,
        },
        0,
        0,
        5);

    private static OfflineFileRow Copy(OfflineFileRow row, string name) => new()
    {
        FeatureView = row.FeatureView,
        Date = row.Date,
        Name = name,
        Rows = row.Rows,
        Bytes = row.Bytes,
        MinEventUs = row.MinEventUs,
        MaxEventUs = row.MaxEventUs,
        MinLoggedUs = row.MinLoggedUs,
        MaxLoggedUs = row.MaxLoggedUs,
        Compacted = true,
        Statistics = row.Statistics,
        AddedAtUs = row.AddedAtUs,
    };
}

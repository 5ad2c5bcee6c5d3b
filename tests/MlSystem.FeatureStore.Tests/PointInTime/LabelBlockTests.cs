using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Ingestion;
using MlSystem.FeatureStore.Offline;
using MlSystem.FeatureStore.PointInTime;
using MlSystem.FeatureStore.PointInTime.Entities;
using MlSystem.FeatureStore.PointInTime.Joining;
using MlSystem.Testing;

namespace MlSystem.FeatureStore.Tests.PointInTime;

/// <summary>Joins of so many labels that they take several passes, over several files at once.</summary>
public sealed class LabelBlockTests
{
    private const int Labels = 9_000;
    private const int Drivers = 37;
    private const long StepUs = 10_000_000;
    private static readonly long BaseUs = UnixTime.Microseconds(new DateTimeOffset(2026, 3, 1, 0, 0, 0, TimeSpan.Zero));

    [Fact]
    public async Task Every_pass_gives_its_rows_in_order_and_text_of_any_length_arrives_whole()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        using var folder = new TempFolder();
        await app.PostOkAsync("/api/apply", Samples.Definitions);
        var catalog = app.Services.GetRequiredService<CatalogStore>().Current;
        var (hourly, random) = (catalog.Views["hourly"], new Random(11));
        var rows = Enumerable.Range(0, 6_000).Select(i => Row(hourly, random.Next(Drivers), random.Next(40_000), i)).ToArray();
        foreach (var (index, chunk) in rows.Chunk(1_500).Index())
        {
            await app.Services.GetRequiredService<OfflineStore>().WriteAsync([.. chunk.Select(row => new OfflineRow(row, 0, 0, BaseUs))], $"rows {index}", CancellationToken.None);
        }

        var request = HistoricalPlan.Of(catalog, new FeatureSelection(null, null, ["hourly:trips", "hourly:tier"], "at", FullNames: false));
        await using var connection = await DuckDb.OpenAsync(folder.Path, 512, CancellationToken.None);
        var relation = string.Create(
            CultureInfo.InvariantCulture, $"(SELECT (i * 7919) % {Drivers + 3} AS driver_id, make_timestamptz({BaseUs} + (i * 104729) % 45000 * {StepUs}) AS at, i AS n FROM range({Labels}) t(i))");
        var entities = await EntityTable.LoadAsync(connection, request, relation, CancellationToken.None);
        using var snapshot = await app.Services.GetRequiredService<OfflineManifest>().SnapshotAsync("hourly", [OfflineRange.All], CancellationToken.None);

        var query = await AsOfJoin.RunAsync(connection, request, entities, _ => snapshot.Files, memoryBytes: 0, CancellationToken.None);

        await using var command = connection.CreateCommand();
        command.CommandText = query;
        await using var reader = await command.ExecuteReaderAsync();
        var found = 0;
        for (var i = 0L; i < Labels; i++)
        {
            Assert.True(await reader.ReadAsync());
            Assert.Equal(i, reader.GetInt64(2));
            var (driver, timeUs) = (i * 7919 % (Drivers + 3), BaseUs + (i * 104729 % 45000 * StepUs));
            var expected = rows.Where(row => row.Keys[0].AsInt64 == driver && row.EventUs <= timeUs).MaxBy(row => (row.EventUs, row.CreatedUs));
            expected = expected is not null && timeUs - expected.EventUs <= UnixTime.Microseconds(hourly.Ttl!.Value) ? expected : null;
            Assert.Equal(expected?.Values[0].AsInt32, await reader.IsDBNullAsync(3) ? null : reader.GetInt32(3));
            Assert.Equal(expected?.Values[2].Text, await reader.IsDBNullAsync(4) ? null : reader.GetString(4));
            found += expected is null ? 0 : 1;
        }

        Assert.InRange(found, 100, Labels - 100);
        Assert.False(await reader.ReadAsync());
    }

    private static FeatureRow Row(FeatureView view, long driver, long step, int i) => new()
    {
        View = view,
        Keys = [FeatureValue.Of(driver)],
        EventUs = BaseUs + (step * StepUs),
        CreatedUs = BaseUs + i,
        Values = [FeatureValue.Of((long)i), FeatureValue.Missing, i % 9 == 0 ? FeatureValue.Missing : FeatureValue.Of(new string('ü', i % 40))],
        Offline = true,
    };
}

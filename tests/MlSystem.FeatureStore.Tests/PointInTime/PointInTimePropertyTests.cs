using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Ingestion;
using MlSystem.FeatureStore.Offline;
using MlSystem.FeatureStore.Offline.Compaction;
using MlSystem.FeatureStore.PointInTime;

namespace MlSystem.FeatureStore.Tests.PointInTime;

/// <summary>The join against a brute-force oracle: random views, keys, times, TTLs, duplicates and nulls.</summary>
public sealed class PointInTimePropertyTests
{
    private const long SecondUs = 1_000_000;
    private static readonly DateOnly Day = new(2026, 1, 1);
    private static readonly long BaseUs = UnixTime.Microseconds(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    [Fact]
    public async Task Every_row_gets_what_the_oracle_says_and_nothing_from_the_future()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        var random = new Random(20260301);
        for (var round = 0; round < 40; round++)
        {
            var definitions = Definitions(random, round);
            await app.PostOkAsync("/api/apply", definitions);
            var catalog = app.Services.GetRequiredService<CatalogStore>().Current;
            var views = new[] { catalog.Views[$"a{round}"], catalog.Views[$"b{round}"] };
            var rows = views.ToDictionary(view => view.Name, view => Rows(random, view, random.Next(0, 120)));
            foreach (var view in views)
            {
                await WriteAsync(app, view, rows[view.Name], random);
            }

            var labels = Enumerable.Range(0, 60).Select(_ => (Key: random.Next(8), City: Cities[random.Next(Cities.Length)], TimeUs: Time(random))).ToArray();
            var answer = await app.PostOkAsync("/api/historical-features", Request(round, labels));
            foreach (var view in views)
            {
                Compare(round, view, rows[view.Name], labels, answer.GetProperty("columns"));
            }
        }
    }

    private static readonly string[] Cities = ["x", "X", "", "ü'\"", "a|b"];

    private static string Definitions(Random random, int round)
    {
        var (first, second) = (random.Next(3) == 0 ? 0 : random.Next(1, 40), random.Next(3) == 0 ? 0 : random.Next(1, 200_000));
        return $$"""
            {
              "entities": [{ "name": "k", "join_keys": [{ "name": "key", "datatype": "INT32" }] }, { "name": "c", "join_keys": [{ "name": "city", "datatype": "BYTES" }] }],
              "feature_views": [
                { "name": "a{{round}}", "entities": ["k"], "ttl_seconds": {{first}}, "features": [{ "name": "n", "datatype": "INT64" }, { "name": "t", "datatype": "BYTES" }] },
                { "name": "b{{round}}", "entities": ["c", "k"], "ttl_seconds": {{second}}, "features": [{ "name": "n", "datatype": "FP64" }, { "name": "t", "datatype": "BOOL" }] }
              ],
              "feature_services": [{ "name": "s{{round}}", "features": [{ "view": "a{{round}}" }, { "view": "b{{round}}", "rename": { "n": "bn", "t": "bt" } }] }]
            }
            """;
    }

    /// <summary>Few distinct times, so that labels and rows coincide, and some days apart, so that partitions matter.</summary>
    private static long Time(Random random) => BaseUs + (random.Next(3) * 86_400 * SecondUs) + (random.Next(60) * SecondUs) + random.Next(2);

    private static List<FeatureRow> Rows(Random random, FeatureView view, int count) => [.. Enumerable.Range(0, count).Select(i => new FeatureRow
    {
        View = view,
        Keys = view.JoinKeys.Select(key => key.Datatype == Datatype.Bytes ? FeatureValue.Of(Cities[random.Next(Cities.Length)]) : FeatureValue.Of((long)random.Next(8))).ToArray(),
        EventUs = Time(random),
        CreatedUs = BaseUs + (i * 7 % 64 * 100) + (i / 64),
        Values = view.Features.Select(feature => random.Next(5) == 0 ? FeatureValue.Missing : feature.Datatype switch
        {
            Datatype.Bytes => FeatureValue.Of("v" + i),
            Datatype.Bool => FeatureValue.Of(i % 2 == 0),
            Datatype.Fp64 => FeatureValue.Of(i + 0.25),
            _ => FeatureValue.Of((long)i),
        }).ToArray(),
        Online = true,
        Offline = random.Next(6) != 0,
    })];

    /// <summary>Files as deliveries make them: some rows come twice, in other files; some files are merged before the others come.</summary>
    private static async Task WriteAsync(FeatureStoreApp app, FeatureView view, List<FeatureRow> rows, Random random)
    {
        var (store, compactor) = (app.Services.GetRequiredService<OfflineStore>(), app.Services.GetRequiredService<Compactor>());
        var deliveries = rows.Concat(rows.Where(_ => random.Next(4) == 0)).ToArray();
        random.Shuffle(deliveries);
        foreach (var (index, chunk) in deliveries.Chunk(25).Index())
        {
            await store.WriteAsync([.. chunk.Select(row => new OfflineRow(row, 0, 0, BaseUs + index))], $"{view.Name}{index}", CancellationToken.None);
            if (random.Next(3) == 0)
            {
                await compactor.CompactFullyAsync(view, Day.AddDays(random.Next(3)), CancellationToken.None);
            }
        }
    }

    private static string Request(int round, (int Key, string City, long TimeUs)[] labels)
    {
        var json = new StringBuilder($$"""{"feature_service":"s{{round}}","event_timestamp_column":"at","entity_df":{""");
        json.Append(CultureInfo.InvariantCulture, $"\"at\":[{string.Join(',', labels.Select(label => $"\"{UnixTime.FromMicroseconds(label.TimeUs).ToOffset(TimeSpan.FromHours(label.Key - 4)):O}\""))}],");
        json.Append(CultureInfo.InvariantCulture, $"\"key\":[{string.Join(',', labels.Select(label => label.Key))}],");
        json.Append(CultureInfo.InvariantCulture, $"\"city\":[{string.Join(',', labels.Select(label => JsonSerializer.Serialize(label.City)))}]}}}}");
        return json.ToString();
    }

    private static void Compare(int round, FeatureView view, List<FeatureRow> rows, (int Key, string City, long TimeUs)[] labels, JsonElement columns)
    {
        var prefix = view.Name[0] == 'a' ? "" : "b";
        for (var i = 0; i < labels.Length; i++)
        {
            var expected = Oracle(view, rows, labels[i]);
            for (var f = 0; f < view.Features.Count; f++)
            {
                var actual = columns.GetProperty(prefix + view.Features[f].Name)[i];
                var wanted = expected is null || !expected.Values[f].HasValue ? "null" : view.Features[f].Datatype switch
                {
                    Datatype.Bytes => JsonSerializer.Serialize(expected.Values[f].Text),
                    Datatype.Bool => expected.Values[f].AsBool ? "true" : "false",
                    Datatype.Fp64 => JsonSerializer.Serialize(expected.Values[f].AsFp64),
                    _ => JsonSerializer.Serialize(expected.Values[f].AsInt64),
                };
                Assert.True(wanted == actual.GetRawText(), $"round {round}, view {view.Name}, row {i}, feature {view.Features[f].Name}: expected {wanted}, got {actual}");
            }
        }
    }

    private static FeatureRow? Oracle(FeatureView view, List<FeatureRow> rows, (int Key, string City, long TimeUs) label)
    {
        FeatureRow? best = null;
        foreach (var row in rows.Where(row => row.Offline && row.EventUs <= label.TimeUs))
        {
            var matches = view.JoinKeys.Select((key, index) => key.Name == "city" ? row.Keys[index].Text == label.City : row.Keys[index].AsInt64 == label.Key).All(match => match);
            if (matches && (best is null || (row.EventUs, row.CreatedUs).CompareTo((best.EventUs, best.CreatedUs)) > 0))
            {
                best = row;
            }
        }

        return best is not null && view.Ttl is { } ttl && label.TimeUs - best.EventUs > UnixTime.Microseconds(ttl) ? null : best;
    }
}

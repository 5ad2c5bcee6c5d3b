using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using MlSystem.Contracts;

namespace MlSystem.FeatureStore.Tests.Statistics;

public sealed class StatisticsTests
{
    /// <summary>Against the same numbers by hand, over random rows with nulls, repeated deliveries and corrections.</summary>
    [Fact]
    public async Task Numbers_and_categories_of_a_window_are_those_of_its_rows()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", Samples.Definitions);
        var random = new Random(5);
        var rows = new Dictionary<(int Driver, int Minute), (int? I, double? D, string? S, bool? B)>();
        for (var i = 0; i < 400; i++)
        {
            rows[(random.Next(1, 8), random.Next(0, 120))] = (
                random.Next(10) == 0 ? null : random.Next(-5, 6), random.Next(10) == 0 ? null : Math.Round(random.NextDouble() * 100, 3),
                random.Next(10) == 0 ? null : "c" + random.Next(4).ToString(CultureInfo.InvariantCulture), random.Next(10) == 0 ? null : random.Next(3) == 0);
        }

        // Every row once with other values, which are corrected, and twice with the right ones.
        await UploadAsync(app, rows.ToDictionary(row => row.Key, _ => ((int?)77, (double?)777, (string?)"wrong", (bool?)true)));
        await UploadAsync(app, rows);
        await UploadAsync(app, rows);

        var statistics = await app.Client.GetFromJsonAsync<JsonElement>("/api/feature-views/wide/statistics?from=2026-03-01T10:30:00Z&to=2026-03-01T11:30:00Z&bins=10");

        var window = rows.Where(row => row.Key.Minute is >= 30 and < 90).ToArray();
        Assert.Equal((window.Length, window.Select(row => row.Key.Driver).Distinct().Count()), (statistics.GetProperty("rows").GetInt32(), statistics.GetProperty("entities").GetInt32()));
        var features = statistics.GetProperty("features").EnumerateArray().ToDictionary(feature => feature.GetProperty("name").GetString()!, feature => feature);
        AssertNumbers([.. window.Select(row => (double?)row.Value.I)], features["i"]);
        AssertNumbers([.. window.Select(row => row.Value.D)], features["d"]);
        var texts = window.Select(row => row.Value.S).OfType<string>().CountBy(text => text).ToDictionary(pair => pair.Key, pair => (long)pair.Value);
        Assert.Equal(texts, features["s"].GetProperty("top").EnumerateArray().ToDictionary(top => top.GetProperty("value").GetString()!, top => top.GetProperty("count").GetInt64()));
        Assert.Equal((texts.Count, 0), (features["s"].GetProperty("distinct").GetInt32(), features["s"].GetProperty("other").GetInt32()));
        Assert.Equal(window.Count(row => row.Value.B == true), features["b"].GetProperty("top").EnumerateArray().Single(top => top.GetProperty("value").GetString() == "true").GetProperty("count").GetInt32());
        Assert.Equal(window.Length, features["l"].GetProperty("nulls").GetInt32());

        // The baseline is what drift detection reads.
        var baseline = statistics.GetProperty("baseline").Deserialize(ContractsJson.Default.Baseline)!;
        Assert.Equal(window.Length, baseline.Rows);
        Assert.All(baseline.Inputs, column => Assert.Equal(window.Length, column.Count + column.Missing));
        Assert.Equal(texts, baseline.Inputs.Single(column => column.Name == "s").Categorical!.Counts);
        Assert.All(baseline.Inputs.Where(column => column.Numeric is not null), column => Assert.Equal(column.Count, column.Numeric!.BinCounts.Sum()));
    }

    [Fact]
    public async Task Sensitive_features_are_only_counted_also_by_partition()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", Samples.Definitions.Replace("\"name\": \"hourly\",", "\"name\": \"hourly\", \"sensitive_columns\": [\"tier\", \"rate\"],", StringComparison.Ordinal));
        await app.PostOkAsync("/push", Samples.Push(1, "2026-03-01T11:00:00Z", 1, to: "offline"));
        foreach (var compact in new[] { false, true })
        {
            if (compact)
            {
                await app.PostOkAsync("/api/feature-views/hourly/compact", "");
            }

            var statistics = await app.Client.GetStringAsync("/api/feature-views/hourly/statistics");
            var partitions = await app.Client.GetStringAsync("/api/feature-views/hourly/partitions");
            Assert.DoesNotContain("gold", statistics + partitions, StringComparison.Ordinal);
            Assert.DoesNotContain("0.5", partitions, StringComparison.Ordinal);
            var tier = JsonDocument.Parse(statistics).RootElement.GetProperty("features")[2];
            Assert.Equal("""{"name":"tier","datatype":"BYTES","count":1,"nulls":0,"null_share":0,"sensitive":true}""", tier.GetRawText());
        }

        var inputs = (await app.Client.GetFromJsonAsync<JsonElement>("/api/feature-views/hourly/statistics")).GetProperty("baseline").GetProperty("inputs");
        Assert.Equal("trips", Assert.Single(inputs.EnumerateArray()).GetProperty("name").GetString());
    }

    [Fact]
    public async Task A_view_without_rows_has_statistics_too_and_mistakes_are_told_all_at_once()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", Samples.Definitions);

        Assert.Equal(0, (await app.Client.GetFromJsonAsync<JsonElement>("/api/feature-views/local/statistics")).GetProperty("rows").GetInt64());
        using var refused = await app.Client.GetAsync("/api/feature-views/local/statistics?from=whenever&bins=1&top=0");
        Assert.Equal(400, (int)refused.StatusCode);
        Assert.Equal(3, (await refused.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors").EnumerateObject().Count());
        Assert.Equal(404, (int)(await app.Client.GetAsync("/api/feature-views/nope/statistics")).StatusCode);
    }

    private static void AssertNumbers(double?[] all, JsonElement feature)
    {
        var values = all.OfType<double>().Order().ToArray();
        Assert.Equal((values.Length, all.Length - values.Length), (feature.GetProperty("count").GetInt32(), feature.GetProperty("nulls").GetInt32()));
        Assert.Equal((values[0], values[^1]), (feature.GetProperty("min").GetDouble(), feature.GetProperty("max").GetDouble()));
        Assert.Equal(values.Average(), feature.GetProperty("mean").GetDouble(), 1e-9);
        Assert.Equal(Math.Sqrt(values.Average(value => Math.Pow(value - values.Average(), 2))), feature.GetProperty("standard_deviation").GetDouble(), 1e-9);
        var at = (values.Length - 1) * 0.5;
        Assert.Equal(values[(int)at] + ((values[(int)Math.Ceiling(at)] - values[(int)at]) * (at - Math.Floor(at))), feature.GetProperty("quantiles").GetProperty("0.5").GetDouble(), 1e-9);
        var edges = feature.GetProperty("histogram").GetProperty("edges").EnumerateArray().Select(edge => edge.GetDouble()).ToArray();
        var counts = feature.GetProperty("histogram").GetProperty("counts").EnumerateArray().Select(count => count.GetInt32()).ToArray();
        Assert.Equal(edges.Length - 1, counts.Length);
        Assert.All(Enumerable.Range(0, counts.Length), bin =>
            Assert.Equal(values.Count(value => value >= edges[bin] && (value < edges[bin + 1] || bin == counts.Length - 1)), counts[bin]));
    }

    private static Task UploadAsync(FeatureStoreApp app, Dictionary<(int Driver, int Minute), (int? I, double? D, string? S, bool? B)> rows)
    {
        var csv = new StringBuilder("driver_id,event_timestamp,b,i,l,f,d,s\n");
        foreach (var ((driver, minute), row) in rows)
        {
            csv.Append(CultureInfo.InvariantCulture, $"{driver},2026-03-01T{10 + (minute / 60)}:{minute % 60:00}:00Z,{row.B},{row.I},,,{row.D},{row.S}\n");
        }

        return app.PostOkAsync("/api/feature-views/wide/rows", csv.ToString(), "text/csv");
    }
}

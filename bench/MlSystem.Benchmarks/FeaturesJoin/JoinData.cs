using System.Globalization;
using DuckDB.NET.Data;
using MlSystem.FeatureStore.Offline;
using MlSystem.FeatureStore.Offline.Compaction;

namespace MlSystem.Benchmarks.FeaturesJoin;

/// <summary>
/// 10M rows of a view of ten FP32 features, 10k entities over 50 days, as a compaction of the store leaves them, and 1M labels at random.
/// The columns as raw files, too, for who reads no Parquet.
/// </summary>
internal sealed class JoinData(string folder, double scale)
{
    public const string View = "bench_stats";
    public const int Features = 10;
    private const int Days = 50;
    private const int RowsAnEntityAndDay = 20;
    private const long DayUs = 86_400_000_000;

    private static readonly long StartUs = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds() * 1000;

    public string Folder => folder;

    public int Entities { get; } = (int)(10_000 * scale);

    public int Labels { get; } = (int)(1_000_000 * scale);

    public long Rows => (long)Entities * RowsAnEntityAndDay * Days;

    public string OfflineFolder => Path.Combine(folder, "offline");

    public string SourceFolder => Path.Combine(folder, "sources");

    public string LabelFile => Path.Combine(SourceFolder, "labels.parquet");

    public string RawFolder => Path.Combine(folder, "raw");

    public static IEnumerable<string> FeatureNames => Enumerable.Range(0, Features).Select(i => string.Create(CultureInfo.InvariantCulture, $"f{i}"));

    public async Task WriteAsync()
    {
        Directory.CreateDirectory(SourceFolder);
        Directory.CreateDirectory(RawFolder);
        await using var connection = await DuckDb.OpenAsync(folder, 2048, CancellationToken.None);
        for (var day = 0; day < Days; day++)
        {
            var date = new DateOnly(2026, 1, 1).AddDays(day).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
            var partition = Directory.CreateDirectory(Path.Combine(OfflineFolder, View, "date=" + date)).FullName;
            await DuckDb.ExecuteAsync(connection, Text($"SELECT setseed({(day + 1) / 100.0})"), CancellationToken.None);
            await CompactedFile.WriteAsync(connection, ["customer_id"], Day(StartUs + (day * DayUs)), keepUnmaterialized: false, Path.Combine(partition, "bench.parquet"), CancellationToken.None);
        }

        var labels = Text($"SELECT (random() * {Entities - 1})::BIGINT AS customer_id, make_timestamptz({StartUs} + (random() * {Days * DayUs})::BIGINT) AS event_timestamp, random() AS label FROM range({Labels})");
        await DuckDb.ExecuteAsync(connection, $"SELECT setseed(0.99); COPY ({labels}) TO '{LabelFile}' (FORMAT parquet, COMPRESSION snappy)", CancellationToken.None);
        WriteRaw(connection);
    }

    /// <summary>Twenty rows an entity, at random times in every twentieth of the day.</summary>
    private string Day(long dayUs)
    {
        var features = string.Join(", ", FeatureNames.Select(name => $"random()::FLOAT AS {name}"));
        return Text($"SELECT customer_id, {features}, __event_us, __event_us + 1000000 AS __created_us, __event_us + 2000000 AS __logged_us, true AS __online, true AS __offline ")
            + Text($"FROM (SELECT r // {RowsAnEntityAndDay} AS customer_id, {dayUs} + (r % {RowsAnEntityAndDay}) * {DayUs / RowsAnEntityAndDay} + (random() * {(DayUs / RowsAnEntityAndDay) - 1})::BIGINT AS __event_us ")
            + Text($"FROM range({Entities * RowsAnEntityAndDay}) t(r))");
    }

    private void WriteRaw(DuckDBConnection connection)
    {
        WriteRaw<long>(connection, "label_id", $"SELECT customer_id FROM '{LabelFile}'");
        WriteRaw<long>(connection, "label_us", $"SELECT epoch_us(event_timestamp) FROM '{LabelFile}'");
        var files = $"'{OfflineFolder}/{View}/*/*.parquet'";
        WriteRaw<long>(connection, "id", $"SELECT customer_id FROM {files}");
        WriteRaw<long>(connection, "us", $"SELECT __event_us FROM {files}");
        foreach (var name in FeatureNames)
        {
            WriteRaw<float>(connection, name, $"SELECT {name} FROM {files}");
        }
    }

    private void WriteRaw<T>(DuckDBConnection connection, string name, string query)
        where T : unmanaged
    {
        using var file = File.Create(Path.Combine(RawFolder, name));
        using var chunks = new ChunkStream(connection, query, CancellationToken.None);
        while (chunks.Next())
        {
            file.Write(System.Runtime.InteropServices.MemoryMarshal.AsBytes(chunks.Vector(0).Values<T>(chunks.Size)));
        }
    }

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}

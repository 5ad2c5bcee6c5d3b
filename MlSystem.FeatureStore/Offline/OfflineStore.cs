using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Erasure;
using MlSystem.FeatureStore.Offline.Statistics;

namespace MlSystem.FeatureStore.Offline;

/// <summary>Where rows go in: anybody who has rows that are not in the event log writes them here.</summary>
public sealed class OfflineStore(OfflineFiles files, OfflineManifest manifest, Tombstones tombstones, TimeProvider time)
{
    /// <summary>
    /// Writes rows of any views and times. When the task completes they are durable and every later read has them, all of them at once;
    /// when it fails none counts.
    /// </summary>
    /// <param name="origin">
    /// Where the rows come from, for instance a range of offsets. The same rows of the same origin again change nothing, so a writer
    /// that does not know whether it succeeded writes again. Origins of different rows must differ.
    /// </param>
    public async Task WriteAsync(IReadOnlyList<OfflineRow> rows, string origin, CancellationToken cancellationToken)
    {
        var written = new List<OfflineFileRow>();

        // By version, too: rows that were read while the view changed have other columns.
        foreach (var group in rows.GroupBy(row => (row.Row.View.Name, row.Row.View.Version, Date: DateOf(row.Row.EventUs))))
        {
            // The name is that of all rows: the same ones again are known although an entity of them was erased meanwhile.
            var name = NameOf(group.First(), origin, group.Key.Version);
            var part = tombstones.IsEmpty ? group.ToArray() : [.. group.Where(row => !tombstones.IsErased(row.Row.View, row.Row.Keys, row.Row.EventUs))];
            if (part.Length == 0)
            {
                continue;
            }

            if (!(await manifest.KnownAsync(group.Key.Name, group.Key.Date, [name], cancellationToken)).Contains(name))
            {
                written.Add(await WriteAsync(part[^1].Row.View, group.Key.Date, name, part, cancellationToken));
            }
        }

        await manifest.AddAsync(written, cancellationToken);
    }

    internal static DateOnly DateOf(long eventUs) => DateOnly.FromDateTime(UnixTime.FromMicroseconds(eventUs).UtcDateTime);

    private static string NameOf(OfflineRow first, string origin, int version)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{origin} v{version}")));
        return string.Create(CultureInfo.InvariantCulture, $"{first.LoggedUs:D16}-{Convert.ToHexStringLower(hash)[..16]}{OfflineFiles.Extension}");
    }

    private async Task<OfflineFileRow> WriteAsync(FeatureView view, DateOnly date, string name, OfflineRow[] rows, CancellationToken cancellationToken)
    {
        var bytes = await files.WriteAsync(view.Name, date, name, async path =>
        {
            await using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None);
            await ParquetRows.WriteAsync(view, rows, file, cancellationToken);
        });
        return new OfflineFileRow
        {
            FeatureView = view.Name,
            Date = date,
            Name = name,
            Rows = rows.Length,
            Bytes = bytes,
            MinEventUs = rows.Min(row => row.Row.EventUs),
            MaxEventUs = rows.Max(row => row.Row.EventUs),
            MinLoggedUs = rows.Min(row => row.LoggedUs),
            MaxLoggedUs = rows.Max(row => row.LoggedUs),
            Compacted = false,
            Statistics = StatisticsJson.Text(RowStatistics.Of(view, rows)),
            AddedAtUs = UnixTime.Microseconds(time.GetUtcNow()),
        };
    }
}

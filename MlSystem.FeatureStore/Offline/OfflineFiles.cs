using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Extensions.Options;
using MlSystem.ServiceDefaults.Storage;

namespace MlSystem.FeatureStore.Offline;

/// <summary>
/// The folder of the Parquet files: <c>{folder}/{view}/date=2026-01-31/{name}.parquet</c> by the UTC date of the event time. A file is complete and
/// durable or not there. Which of them count is told by <see cref="OfflineManifest"/> alone.
/// </summary>
public sealed class OfflineFiles
{
    public const string Extension = ".parquet";
    private const string Unfinished = ".tmp";
    private const string Orphan = ".orphan";
    private const string PartitionPrefix = "date=";
    private readonly string _folder;

    // One entry for each view and day written to by this process: the folders whose names it has flushed.
    private readonly ConcurrentDictionary<string, bool> _durable = new(StringComparer.Ordinal);

    public OfflineFiles(DataDirectory data, IOptions<FeatureStoreOptions> options)
    {
        _folder = options.Value.OfflineDirectory ?? Path.Combine(data.Own, "offline");
        Directory.CreateDirectory(_folder);
    }

    public string PathOf(string view, DateOnly date, string name) => Path.Combine(PartitionFolder(view, date), name);

    /// <summary>Writes a file by way of an unfinished one; when the task completes the file is durable.</summary>
    /// <param name="write">Writes the file of the path it is given.</param>
    /// <returns>The file's size in bytes.</returns>
    public async Task<long> WriteAsync(string view, DateOnly date, string name, Func<string, Task> write)
    {
        var folder = CreateDurably(view, date);
        var unfinished = Path.Combine(folder, name + Unfinished);
        await write(unfinished);
        long bytes;
        using (var file = File.OpenHandle(unfinished, FileMode.Open, FileAccess.ReadWrite))
        {
            bytes = RandomAccess.GetLength(file);
            RandomAccess.FlushToDisk(file);
        }

        File.Move(unfinished, Path.Combine(folder, name), overwrite: true);
        DurableFolder.Sync(folder);
        return bytes;
    }

    /// <summary>Removes a file; that it is not there is no mistake.</summary>
    public void Delete(string view, DateOnly date, string name)
    {
        if (Directory.Exists(PartitionFolder(view, date)))
        {
            File.Delete(PathOf(view, date, name));
        }
    }

    /// <summary>Takes a file out of sight without removing it.</summary>
    public void SetAside(string view, DateOnly date, string name) => File.Move(PathOf(view, date, name), PathOf(view, date, name) + Orphan, overwrite: true);

    /// <summary>Files of a view that were taken out of sight.</summary>
    public IEnumerable<string> SetAsideOf(string view) =>
        Directory.Exists(Path.Combine(_folder, view)) ? Directory.EnumerateFiles(Path.Combine(_folder, view), "*" + Orphan, SearchOption.AllDirectories) : [];

    /// <summary>Every Parquet file on disk, whether it counts or not.</summary>
    public IEnumerable<(string View, DateOnly Date, string Name)> OnDisk() =>
        from folder in Directory.EnumerateDirectories(_folder)
        from partition in Directory.EnumerateDirectories(folder, PartitionPrefix + "*")
        from file in Directory.EnumerateFiles(partition, "*" + Extension)
        select (Path.GetFileName(folder), DateOf(partition), Path.GetFileName(file));

    /// <summary>Removes what a killed process left half-written, where it is so old that no living one can be writing it.</summary>
    public void RemoveUnfinished(DateTimeOffset before)
    {
        foreach (var file in Directory.EnumerateFiles(_folder, "*" + Unfinished, SearchOption.AllDirectories))
        {
            if (File.GetLastWriteTimeUtc(file) < before.UtcDateTime)
            {
                File.Delete(file);
            }
        }
    }

    private static DateOnly DateOf(string partition) =>
        DateOnly.ParseExact(Path.GetFileName(partition)[PartitionPrefix.Length..], "yyyy-MM-dd", CultureInfo.InvariantCulture);

    private string PartitionFolder(string view, DateOnly date) =>
        Path.Combine(_folder, view, PartitionPrefix + date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));

    private string CreateDurably(string view, DateOnly date)
    {
        var folder = PartitionFolder(view, date);
        if (!_durable.ContainsKey(folder))
        {
            // Not only where it is missing: a process that was killed may have made it and not flushed it yet.
            Directory.CreateDirectory(folder);
            DurableFolder.Sync(Path.Combine(_folder, view));
            DurableFolder.Sync(_folder);
            _durable[folder] = true;
        }

        return folder;
    }
}

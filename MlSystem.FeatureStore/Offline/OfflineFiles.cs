using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using MlSystem.FeatureStore.Definitions;
using MlSystem.ServiceDefaults.Storage;

namespace MlSystem.FeatureStore.Offline;

/// <summary>
/// The Parquet files: <c>{folder}/{view}/date=2026-01-31/{name}.parquet</c> by the UTC date of the event time. A file is complete and durable
/// or not there. The same row may stand in several files (a delivery was repeated): readers take the newest of each entity and event time.
/// </summary>
public sealed class OfflineFiles
{
    private const string Extension = ".parquet";
    private const string Unfinished = ".tmp";
    private readonly string _folder;

    // One entry for each view and day written to by this process: the folders whose names it has flushed.
    private readonly ConcurrentDictionary<string, bool> _durable = new(StringComparer.Ordinal);

    public OfflineFiles(DataDirectory data, IOptions<FeatureStoreOptions> options)
    {
        _folder = options.Value.OfflineDirectory ?? Path.Combine(data.Own, "offline");
        Directory.CreateDirectory(_folder);
    }

    /// <summary>Files of a view that can hold event times of a range; both ends inclusive, null open.</summary>
    public IReadOnlyList<string> List(string view, DateOnly? from, DateOnly? to)
    {
        var folder = Path.Combine(_folder, view);
        return !Directory.Exists(folder) ? [] : [.. Directory.EnumerateDirectories(folder, "date=*")
            .Where(partition => DateOf(partition) is var date && (from is null || date >= from) && (to is null || date <= to))
            .SelectMany(partition => Directory.EnumerateFiles(partition, "*" + Extension))
            .Order(StringComparer.Ordinal)];
    }

    /// <summary>Writes the rows of one view and date; when the task completes the file is durable.</summary>
    /// <param name="origin">Where the rows come from in the event log: the same origin gives the same file.</param>
    public async Task WriteAsync(FeatureView view, DateOnly date, IReadOnlyList<OfflineRow> rows, string origin, CancellationToken cancellationToken)
    {
        var folder = CreateDurably(Path.Combine(_folder, view.Name), date);
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(origin)))[..16];
        var name = string.Create(CultureInfo.InvariantCulture, $"{rows[0].LoggedUs:D16}-{hash}{Extension}");
        var unfinished = Path.Combine(folder, name + Unfinished);
        await using (var file = new FileStream(unfinished, FileMode.Create, FileAccess.Write, FileShare.None))
        {
            await ParquetRows.WriteAsync(view, rows, file, cancellationToken);
            await file.FlushAsync(cancellationToken);
            RandomAccess.FlushToDisk(file.SafeFileHandle);
        }

        File.Move(unfinished, Path.Combine(folder, name), overwrite: true);
        DurableFolder.Sync(folder);
    }

    /// <summary>Removes what a killed process left half-written. Only safe while nobody writes.</summary>
    public void RemoveUnfinished(TimeSpan olderThan, TimeProvider time)
    {
        var before = time.GetUtcNow() - olderThan;
        foreach (var file in Directory.EnumerateFiles(_folder, "*" + Unfinished, SearchOption.AllDirectories))
        {
            if (File.GetLastWriteTimeUtc(file) < before.UtcDateTime)
            {
                File.Delete(file);
            }
        }
    }

    private static DateOnly DateOf(string partition) =>
        DateOnly.ParseExact(Path.GetFileName(partition)["date=".Length..], "yyyy-MM-dd", CultureInfo.InvariantCulture);

    private string CreateDurably(string viewFolder, DateOnly date)
    {
        var folder = Path.Combine(viewFolder, "date=" + date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
        if (!_durable.ContainsKey(folder))
        {
            // Not only where it is missing: a process that was killed may have made it and not flushed it yet.
            Directory.CreateDirectory(folder);
            DurableFolder.Sync(viewFolder);
            DurableFolder.Sync(_folder);
            _durable[folder] = true;
        }

        return folder;
    }
}

/// <summary>Makes renames durable: on Unix a new name is safe only once its folder is flushed; on Windows the file system's journal does it.</summary>
internal static partial class DurableFolder
{
    public static void Sync(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        var descriptor = Open(folder, 0);
        if (descriptor < 0)
        {
            throw new IOException($"The folder '{folder}' can't be opened (error {Marshal.GetLastPInvokeError()}).");
        }

        var failed = FSync(descriptor) != 0;
        var error = Marshal.GetLastPInvokeError();
        _ = Close(descriptor);
        if (failed)
        {
            throw new IOException($"The folder '{folder}' can't be flushed (error {error}).");
        }
    }

    [DllImport("libc", EntryPoint = "open", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false)]
    private static extern int Open(string path, int flags);

    [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static extern int FSync(int descriptor);

    [DllImport("libc", EntryPoint = "close", SetLastError = true)]
    private static extern int Close(int descriptor);
}

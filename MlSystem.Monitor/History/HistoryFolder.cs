using System.Runtime.InteropServices;

namespace MlSystem.Monitor.History;

/// <summary>Paths and atomic creation of history files: <c>{kind}/endpoint={name}/date={yyyy-MM-dd}/part-{id}.parquet</c>.</summary>
internal sealed partial class HistoryFolder(string root, TimeProvider time)
{
    private const string Temporary = ".tmp";

    public string Root { get; } = root;

    public string Full(string path) => Path.Combine(Root, path.Replace('/', Path.DirectorySeparatorChar));

    /// <summary>A name that was never used.</summary>
    public string NewPath(string kind, string endpoint, string date) =>
        $"{kind}/endpoint={Uri.EscapeDataString(endpoint)}/date={date}/part-{Guid.CreateVersion7(time.GetUtcNow()):N}.parquet";

    /// <summary>Writes a file durably: under another name, flushed, renamed, the folder flushed. Returns its size in bytes.</summary>
    public long Write(string path, Action<string> write)
    {
        var full = Full(path);
        var folder = Directory.CreateDirectory(Path.GetDirectoryName(full)!).FullName;
        var temporary = full + Temporary;
        write(temporary);
        using (var file = new FileStream(temporary, FileMode.Open, FileAccess.ReadWrite))
        {
            file.Flush(flushToDisk: true);
        }

        File.Move(temporary, full, overwrite: false);
        for (var parent = folder; parent.Length >= Root.Length; parent = Path.GetDirectoryName(parent)!)
        {
            SyncFolder(parent);
        }

        return new FileInfo(full).Length;
    }

    /// <summary>Paths of all files older than a moment, half-written ones included.</summary>
    public IEnumerable<string> FilesBefore(DateTimeOffset moment) => !Directory.Exists(Root) ? [] :
        Directory.EnumerateFiles(Root, "part-*", SearchOption.AllDirectories)
            .Where(file => File.GetLastWriteTimeUtc(file) < moment.UtcDateTime)
            .Select(file => Path.GetRelativePath(Root, file).Replace(Path.DirectorySeparatorChar, '/'));

    public void Delete(string path) => File.Delete(Full(path));

    /// <summary>A rename is durable when its folder is; .NET can't open a folder.</summary>
    private static void SyncFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        var descriptor = Open(folder, 0);
        if (descriptor < 0)
        {
            throw new IOException($"The folder {folder} could not be opened (error {Marshal.GetLastPInvokeError()}).");
        }

        var failed = FSync(descriptor) != 0;
        _ = Close(descriptor);
        if (failed)
        {
            throw new IOException($"The folder {folder} could not be flushed to disk.");
        }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FSync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);
}

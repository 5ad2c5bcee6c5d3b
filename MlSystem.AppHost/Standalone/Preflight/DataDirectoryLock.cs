using System.Globalization;

namespace MlSystem.AppHost.Standalone.Preflight;

/// <summary>
/// One host for one data directory. The operating system lets go of the lock when the process dies, however; a
/// second file tells who holds it, and whether the last holder came to a proper end.
/// </summary>
internal sealed class DataDirectoryLock : IDisposable
{
    private readonly FileStream _lock;
    private readonly string _holder;

    private DataDirectoryLock(FileStream @lock, string holder)
    {
        _lock = @lock;
        _holder = holder;
        LastHostDied = File.Exists(holder);
        File.WriteAllText(holder, Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>The last host was killed: its services may still be on their way out.</summary>
    public bool LastHostDied { get; }

    /// <summary>Creates the directory when it is missing, locks it and makes sure that it can be written to.</summary>
    /// <exception cref="StartRefusedException">Another host has it, or it can't be written to.</exception>
    public static DataDirectoryLock Take(string directory)
    {
        var holder = Path.Combine(directory, "host.pid");
        try
        {
            Directory.CreateDirectory(directory);
            var stream = Open(Path.Combine(directory, "host.lock"), directory, holder);
            try
            {
                return new DataDirectoryLock(stream, holder);
            }
            catch
            {
                stream.Dispose();
                throw;
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new StartRefusedException($"data directory {directory} is not writable: {error.Message}");
        }
    }

    public void Dispose()
    {
        File.Delete(_holder);
        _lock.Dispose();
    }

    private static FileStream Open(string path, string directory, string holder)
    {
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException error) when (IsSharingViolation(error))
        {
            var process = File.Exists(holder) ? $" (process {File.ReadAllText(holder)})" : "";
            throw new StartRefusedException($"data directory {directory} is in use by another host{process}; stop it or choose another with --data");
        }
    }

    /// <summary>ERROR_SHARING_VIOLATION on Windows; EWOULDBLOCK of flock elsewhere (11 on Linux, 35 on macOS).</summary>
    private static bool IsSharingViolation(IOException error) =>
        OperatingSystem.IsWindows() ? (error.HResult & 0xFFFF) == 32 : error.HResult is 11 or 35;
}

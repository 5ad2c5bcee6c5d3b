using Microsoft.Extensions.Configuration;
using MlSystem.ServiceDefaults.Hosting;

namespace MlSystem.ServiceDefaults.Storage;

/// <summary>
/// The folder for embedded stores and artifacts: <c>MlSystem:DataDirectory</c>, default <c>.mlsystem</c> under the working
/// directory. Every process has a folder of its own in it, locked as long as it lives.
/// </summary>
public sealed class DataDirectory : IDisposable
{
    private const string LockFile = ".lock";
    private const int MaxReplicas = 1000;
    private readonly Lock _gate = new();
    private readonly string _folder;
    private readonly bool _replicas;
    private FileStream? _lock;
    private string? _own;

    /// <param name="replicas">Whether a taken folder makes this process use the next one (<c>inference</c>, <c>inference-1</c> …) instead of failing.</param>
    public DataDirectory(IConfiguration configuration, string service, bool replicas = false)
    {
        Root = Path.GetFullPath(configuration["MlSystem:DataDirectory"] is { Length: > 0 } folder ? folder : ".mlsystem");
        var instance = configuration["MlSystem:Instance"];
        _folder = string.IsNullOrEmpty(instance) ? service : $"{service}-{instance}";
        _replicas = replicas && string.IsNullOrEmpty(instance);
        if (_folder.AsSpan().IndexOfAny(Path.GetInvalidFileNameChars()) >= 0)
        {
            throw new StartupFailureException($"MlSystem:Instance: '{instance}' can't be a part of a folder's name.");
        }
    }

    /// <summary>The folder shared by all services of this system (the embedded event log lives here).</summary>
    public string Root { get; }

    /// <summary>This process's own folder, created and locked on first use.</summary>
    /// <exception cref="StartupFailureException">Another process has it, or it can't be written.</exception>
    public string Own
    {
        get
        {
            Lock();
            return _own!;
        }
    }

    /// <summary>Takes the own folder. A lock left by a killed process is none: the kernel drops it.</summary>
    /// <exception cref="StartupFailureException">Another process has it, or it can't be written.</exception>
    public void Lock()
    {
        lock (_gate)
        {
            for (var slot = 0; _lock is null; slot++)
            {
                var folder = Path.Combine(Root, slot == 0 ? _folder : $"{_folder}-{slot}");
                if (TryLock(folder) is { } taken)
                {
                    (_lock, _own) = (taken, folder);
                }
                else if (!_replicas || slot == MaxReplicas)
                {
                    throw new StartupFailureException($"The data directory {folder} is in use by another process; stop it or set MlSystem:DataDirectory to another folder.");
                }
            }
        }
    }

    public void Dispose() => _lock?.Dispose();

    /// <summary>The open lock file, or null when another process has it.</summary>
    private static FileStream? TryLock(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
            return new FileStream(Path.Combine(folder, LockFile), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (Exception error) when (error is UnauthorizedAccessException or NotSupportedException
            || (error is IOException and not { HResult: SharingViolation or WouldBlock or WouldBlockMac }))
        {
            throw new StartupFailureException($"The data directory {folder} can't be written: {error.Message}", error);
        }
        catch (IOException)
        {
            return null;
        }
    }

    // What a lock held by another looks like on Windows, Linux (EWOULDBLOCK) and macOS.
    private const int SharingViolation = unchecked((int)0x80070020);
    private const int WouldBlock = 11;
    private const int WouldBlockMac = 35;
}

using System.Buffers;
using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using MlSystem.Contracts;
using MlSystem.Inference.Runtimes;
using MlSystem.ServiceDefaults.Storage;

namespace MlSystem.Inference.Versions;

/// <summary>
/// Files of versions on this replica's disk, named by the SHA-256 of their content. Beyond the disk budget those that were used
/// least recently and are not in use leave.
/// </summary>
public sealed class ArtifactCache
{
    private static readonly SearchValues<char> Hexadecimal = SearchValues.Create("0123456789abcdef");
    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _inUse = new(StringComparer.Ordinal);
    private readonly RegistryClient _registry;
    private readonly TimeProvider _time;
    private readonly long _budget;
    private readonly string _files;
    private readonly string _folders;

    public ArtifactCache(DataDirectory data, RegistryClient registry, IOptions<VersionsOptions> options, TimeProvider time)
    {
        (_registry, _time, _budget) = (registry, time, options.Value.DiskBudgetBytes);
        _files = Directory.CreateDirectory(Path.Combine(data.Own, "artifacts")).FullName;

        // What a killed process left; the folder is this process's alone.
        var folders = Path.Combine(data.Own, "versions");
        if (Directory.Exists(folders))
        {
            Directory.Delete(folders, recursive: true);
        }

        _folders = Directory.CreateDirectory(folders).FullName;
    }

    /// <summary>A version's files in a folder of their own, each with the manifest's hash, downloaded where they are not there yet.</summary>
    /// <exception cref="ModelRefusedException">What the registry gives does not have the manifest's hash, or a path leads out of the folder.</exception>
    internal async Task<VersionFolder> OpenAsync(VersionKey key, ModelManifest manifest, CancellationToken cancellationToken)
    {
        VersionFolder.Check(manifest);
        var hashes = manifest.Files.Select(CheckedHash).ToArray();
        Use(hashes, +1);
        var release = () => Use(hashes, -1);
        try
        {
            var files = new List<(string, string)>();
            foreach (var file in manifest.Files)
            {
                files.Add((file.Path, await GetAsync(key, file, cancellationToken)));
            }

            return VersionFolder.Make(_folders, files, release);
        }
        catch
        {
            release();
            throw;
        }
    }

    /// <summary>Reads one file of a version, downloaded when it is not there yet.</summary>
    /// <param name="read">Is given the path, which is valid until it returns.</param>
    /// <exception cref="ModelRefusedException">What the registry gives does not have the manifest's hash.</exception>
    public async Task<T> ReadAsync<T>(VersionKey key, ManifestFile file, Func<string, Task<T>> read, CancellationToken cancellationToken)
    {
        string[] hash = [CheckedHash(file)];
        Use(hash, +1);
        try
        {
            return await read(await GetAsync(key, file, cancellationToken));
        }
        finally
        {
            Use(hash, -1);
        }
    }

    private static string CheckedHash(ManifestFile file) => file.Sha256.Length == 64 && !file.Sha256.AsSpan().ContainsAnyExcept(Hexadecimal)
        ? file.Sha256
        : throw new ModelRefusedException($"the manifest's hash of '{file.Path}' is not a SHA-256");

    private async Task<string> GetAsync(VersionKey key, ManifestFile file, CancellationToken cancellationToken)
    {
        var path = Path.Combine(_files, file.Sha256[..2], file.Sha256);
        if (File.Exists(path) && await HashAsync(path, cancellationToken) == file.Sha256)
        {
            File.SetLastWriteTimeUtc(path, _time.GetUtcNow().UtcDateTime);
            return path;
        }

        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var partial = $"{path}.{Path.GetRandomFileName()}";
        try
        {
            await DownloadAsync(key, file, partial, cancellationToken);
            File.Move(partial, path, overwrite: true);
        }
        finally
        {
            File.Delete(partial);
        }

        Trim();
        return path;
    }

    private async Task DownloadAsync(VersionKey key, ManifestFile file, string partial, CancellationToken cancellationToken)
    {
        await using (var stream = new FileStream(partial, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16, useAsync: true))
        {
            await _registry.DownloadAsync(key, file.Path, stream, cancellationToken);
        }

        var found = await HashAsync(partial, cancellationToken);
        if (found != file.Sha256)
        {
            throw new ModelRefusedException($"'{file.Path}' has SHA-256 {found}, the manifest says {file.Sha256}");
        }
    }

    private void Use(string[] hashes, int change)
    {
        lock (_lock)
        {
            foreach (var hash in hashes)
            {
                var uses = _inUse.GetValueOrDefault(hash) + change;
                if (uses > 0)
                {
                    _inUse[hash] = uses;
                }
                else
                {
                    _inUse.Remove(hash);
                }
            }
        }

        if (change < 0)
        {
            Trim();
        }
    }

    private void Trim()
    {
        if (_budget == 0)
        {
            return;
        }

        lock (_lock)
        {
            // Unfinished downloads have longer names, and may be gone by now.
            var files = new DirectoryInfo(_files).GetFiles("*", SearchOption.AllDirectories).Where(file => file.Name.Length == 64).ToList();
            var bytes = files.Sum(file => file.Length);
            foreach (var file in files.Where(file => !_inUse.ContainsKey(file.Name)).OrderBy(file => file.LastWriteTimeUtc))
            {
                if (bytes <= _budget)
                {
                    return;
                }

                bytes -= file.Length;
                file.Delete();
            }
        }
    }

    private static async Task<string> HashAsync(string path, CancellationToken cancellationToken)
    {
        await using var stream = File.OpenRead(path);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellationToken));
    }
}

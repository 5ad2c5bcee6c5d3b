using System.Buffers;
using System.Security.Cryptography;
using MlSystem.Contracts;
using MlSystem.Inference.Runtimes;
using MlSystem.ServiceDefaults.Storage;

namespace MlSystem.Inference.Versions;

/// <summary>Files of versions on this replica's disk, named by the SHA-256 of their content.</summary>
public sealed class ArtifactCache(DataDirectory data, RegistryClient registry)
{
    private static readonly SearchValues<char> Hexadecimal = SearchValues.Create("0123456789abcdef");
    private readonly string _folder = Directory.CreateDirectory(Path.Combine(data.Own, "artifacts")).FullName;

    /// <summary>The path of a file whose content has the manifest's hash, downloaded when it is not there yet.</summary>
    /// <exception cref="ModelRefusedException">What the registry gives does not have the manifest's hash.</exception>
    public async Task<string> GetAsync(VersionKey key, ManifestFile file, CancellationToken cancellationToken)
    {
        var hash = file.Sha256;
        if (hash.Length != 64 || hash.AsSpan().ContainsAnyExcept(Hexadecimal))
        {
            throw new ModelRefusedException($"the manifest's hash of '{file.Path}' is not a SHA-256");
        }

        var path = Path.Combine(_folder, hash[..2], hash);
        if (File.Exists(path) && await HashAsync(path, cancellationToken) == hash)
        {
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

        return path;
    }

    private async Task DownloadAsync(VersionKey key, ManifestFile file, string partial, CancellationToken cancellationToken)
    {
        await using (var stream = new FileStream(partial, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16, useAsync: true))
        {
            await registry.DownloadAsync(key, file.Path, stream, cancellationToken);
        }

        var found = await HashAsync(partial, cancellationToken);
        if (found != file.Sha256)
        {
            throw new ModelRefusedException($"'{file.Path}' has SHA-256 {found}, the manifest says {file.Sha256}");
        }
    }

    private static async Task<string> HashAsync(string path, CancellationToken cancellationToken)
    {
        await using var stream = File.OpenRead(path);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellationToken));
    }
}

using System.Security.Cryptography;
using MlSystem.Registry.Artifacts;

namespace MlSystem.Registry.Storage;

/// <summary>Makes files that only the service's user can read.</summary>
internal static class SecretFile
{
    /// <summary>Written beside and moved into place: of two replicas that make it at once, one wins and both read the same.</summary>
    public static void Make(string path, byte[] content)
    {
        var file = Path.GetFullPath(path);
        var folder = Path.GetDirectoryName(file)!;
        Directory.CreateDirectory(folder);
        var temporary = Path.Combine(folder, $".{Path.GetFileName(file)}-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}");
        var settings = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            settings.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using (var stream = new FileStream(temporary, settings))
        {
            stream.Write(content);
            stream.Flush(flushToDisk: true);
        }

        try
        {
            File.Move(temporary, file, overwrite: false);
            DurableFolder.Flush(folder);
        }
        catch (IOException) when (File.Exists(file))
        {
            File.Delete(temporary);
        }
    }
}

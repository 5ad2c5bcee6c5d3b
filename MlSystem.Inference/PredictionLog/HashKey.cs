using System.Security.Cryptography;
using System.Text;
using MlSystem.ServiceDefaults.Hosting;
using MlSystem.ServiceDefaults.Startup;
using MlSystem.ServiceDefaults.Storage;

namespace MlSystem.Inference.PredictionLog;

/// <summary>
/// The system's secret for hashing sensitive values: the text <c>MlSystem:HashKey</c> (at least 32 characters, the same for
/// every replica), else the file <c>hash-key</c> in the data directory, made at the first start.
/// </summary>
public sealed class HashKey(IConfiguration configuration, DataDirectory data) : IStartupTask
{
    public const string Setting = "MlSystem:HashKey";
    private const string FileName = "hash-key";
    private const int MinCharacters = 32;
    private byte[]? _bytes;

    public string Name => "hash key";

    public byte[] Bytes => _bytes ??= Load();

    /// <exception cref="StartupFailureException">The text is too short, or the file can't be read or written.</exception>
    public Task RunAsync(CancellationToken cancellationToken)
    {
        _ = Bytes;
        return Task.CompletedTask;
    }

    private byte[] Load()
    {
        if (configuration[Setting] is { Length: > 0 } text)
        {
            return text.Length >= MinCharacters
                ? Encoding.UTF8.GetBytes(text)
                : throw new StartupFailureException($"{Setting} has {text.Length} characters; at least {MinCharacters} are needed (for example from: openssl rand -hex 32).");
        }

        var file = Path.Combine(Directory.CreateDirectory(data.Root).FullName, FileName);
        try
        {
            if (!File.Exists(file))
            {
                Make(file);
            }

            var kept = File.ReadAllText(file).Trim();
            return kept.Length >= MinCharacters
                ? Encoding.UTF8.GetBytes(kept)
                : throw new StartupFailureException($"{file} has {kept.Length} characters; at least {MinCharacters} are needed. Bring it back from a backup, or delete it: hashes made from then on differ from those made before.");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StartupFailureException($"The hash key {file} can't be read or written: {error.Message}", error);
        }
    }

    /// <summary>Complete and flushed under another name first; of several processes that start at once one wins.</summary>
    private static void Make(string file)
    {
        var temporary = $"{file}.{RandomNumberGenerator.GetHexString(16, lowercase: true)}";
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using (var stream = new FileStream(temporary, options))
        {
            stream.Write(Encoding.ASCII.GetBytes(RandomNumberGenerator.GetHexString(64, lowercase: true)));
            stream.Flush(flushToDisk: true);
        }

        try
        {
            File.Move(temporary, file, overwrite: false);
        }
        catch (IOException) when (File.Exists(file))
        {
            File.Delete(temporary);
        }
    }
}

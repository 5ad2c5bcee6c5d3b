using System.Text.Json;
using MlSystem.ServiceDefaults.Storage;

namespace MlSystem.Inference.Bandits;

/// <summary>Keeps the ledger's snapshot: written whole beside the former one, flushed to the disk, then renamed over it.</summary>
internal sealed partial class SnapshotFile(DataDirectory data, ILogger<SnapshotFile> logger)
{
    private string FilePath => Path.Combine(data.Own, "bandits.json");

    /// <summary>Null where there is none that can be read.</summary>
    public async Task<BanditSnapshot?> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var stream = File.OpenRead(FilePath);
            return await JsonSerializer.DeserializeAsync(stream, BanditJson.Default.BanditSnapshot, cancellationToken);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
        catch (Exception error) when (error is JsonException or IOException)
        {
            // The event log has what it said, within its retention.
            LogUnreadable(FilePath, error.Message);
            return null;
        }
    }

    public async Task WriteAsync(BanditSnapshot snapshot, CancellationToken cancellationToken)
    {
        var partial = FilePath + ".partial";
        await using (var stream = new FileStream(partial, FileMode.Create, FileAccess.Write, FileShare.None))
        {
            await JsonSerializer.SerializeAsync(stream, snapshot, BanditJson.Default.BanditSnapshot, cancellationToken);
            await stream.FlushAsync(cancellationToken);
            RandomAccess.FlushToDisk(stream.SafeFileHandle);
        }

        File.Move(partial, FilePath, overwrite: true);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The bandits' snapshot {Path} can't be read ({Reason}): their state is read anew from the event log")]
    private partial void LogUnreadable(string path, string reason);
}

using System.Text.Json;
using System.Text.Json.Serialization;

namespace MlSystem.Training.Tuning;

/// <summary>
/// What became of each trial, a line each, on disk before it counts: a search that is killed goes on with what is written,
/// and no finished checkpoint is done again.
/// </summary>
internal sealed class TrialJournal : IDisposable
{
    private readonly FileStream _file;

    private TrialJournal(FileStream file) => _file = file;

    /// <summary>Opens or makes the journal; a last line that a crash cut off is dropped.</summary>
    public static (TrialJournal Journal, IReadOnlyList<TrialEvent> Events) Open(string path)
    {
        var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        try
        {
            using var reader = new StreamReader(file, leaveOpen: true);
            var text = reader.ReadToEnd();
            var whole = text[..(text.LastIndexOf('\n') + 1)];
            file.SetLength(System.Text.Encoding.UTF8.GetByteCount(whole));
            file.Seek(0, SeekOrigin.End);
            return (new TrialJournal(file), Parse(whole));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>What a journal that may be written meanwhile holds; nothing when there is none.</summary>
    public static IReadOnlyList<TrialEvent> Read(string path)
    {
        if (!File.Exists(path))
        {
            return [];
        }

        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(file);
        var text = reader.ReadToEnd();
        return Parse(text[..(text.LastIndexOf('\n') + 1)]);
    }

    public void Append(TrialEvent entry)
    {
        _file.Write([.. JsonSerializer.SerializeToUtf8Bytes(entry, TrialJson.Default.TrialEvent), (byte)'\n']);
        _file.Flush(flushToDisk: true);
    }

    public void Dispose() => _file.Dispose();

    private static IReadOnlyList<TrialEvent> Parse(string text) =>
        [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonSerializer.Deserialize(line, TrialJson.Default.TrialEvent)!)];
}

/// <summary>A trial begins (it has a point), finishes a checkpoint (a rung with its metric, or without one where it failed) or is stopped.</summary>
internal sealed record TrialEvent(int Trial, DateTimeOffset Time)
{
    public IReadOnlyList<double>? Point { get; init; }

    public int? Bracket { get; init; }

    public int? Rung { get; init; }

    /// <summary>The objective in its own unit; absent where the checkpoint failed.</summary>
    public double? Value { get; init; }

    public double? Seconds { get; init; }

    public string? Error { get; init; }

    public bool? Stopped { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(TrialEvent))]
internal sealed partial class TrialJson : JsonSerializerContext;

using System.Threading.Channels;
using MlSystem.Training.Storage;

namespace MlSystem.Training.Runs.Logs;

/// <summary>Collects what is logged while a run is executed, wherever in that flow of execution it is; <see cref="RunLogWriter"/> stores it.</summary>
public sealed class RunLog(TimeProvider time)
{
    /// <summary>Longest line kept, in characters; the rest is cut off visibly.</summary>
    private const int MaxMessage = 8000;

    private static readonly AsyncLocal<Place?> Current = new();

    /// <summary>Lines that wait to be stored; when the database is away for so long that it is full, the oldest give way.</summary>
    private readonly Channel<LogRow> _lines = Channel.CreateBounded<LogRow>(new BoundedChannelOptions(20_000) { FullMode = BoundedChannelFullMode.DropOldest });

    internal ChannelReader<LogRow> Lines => _lines.Reader;

    /// <summary>From here on, lines of this flow of execution belong to a run (and a step of it).</summary>
    public static void Enter(string runId, string? step = null, int? attempt = null) => Current.Value = new Place(runId, step, attempt);

    /// <summary>Adds a line to the run under way in this flow of execution; without one it is nobody's.</summary>
    public void Write(LogLevel level, string message)
    {
        if (Current.Value is not { } place || level < LogLevel.Information)
        {
            return;
        }

        _lines.Writer.TryWrite(new LogRow
        {
            RunId = place.RunId,
            Time = time.GetUtcNow(),
            Level = level switch
            {
                LogLevel.Information => "information",
                LogLevel.Warning => "warning",
                _ => "error",
            },
            Step = place.Step,
            Attempt = place.Attempt,
            Message = message.Length > MaxMessage ? message[..MaxMessage] + "…" : message,
        });
    }

    private sealed record Place(string RunId, string? Step, int? Attempt);
}

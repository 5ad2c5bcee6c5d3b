namespace MlSystem.ServiceDefaults.EventLog;

/// <summary>A file of the embedded log is not what was written; it is left untouched for its owner to restore or remove.</summary>
public sealed class EventLogCorruptException(string path, string reason)
    : IOException($"Event log file {path} is damaged ({reason}); nothing was changed. Restore it from a backup, or move it away to start empty.")
{
    public string Path { get; } = path;
}

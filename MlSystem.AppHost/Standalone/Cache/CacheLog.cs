using MlSystem.AppHost.Standalone.Logging;

namespace MlSystem.AppHost.Standalone.Cache;

/// <summary>Writes Garnet's warnings and errors into the merged log.</summary>
internal sealed class CacheLog(MergedLog log) : ILoggerProvider, ILogger
{
    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
        {
            log.Service("cache", $"{formatter(state, exception)} {exception?.Message}".TrimEnd().ReplaceLineEndings(" "));
        }
    }

    public void Dispose()
    {
        // The log belongs to the host.
    }
}

namespace MlSystem.Training.Runs.Logs;

/// <summary>Passes this system's own log messages on to the log of the run under way.</summary>
[ProviderAlias("RunLog")]
internal sealed class RunLoggerProvider(RunLog log) : ILoggerProvider
{
    public ILogger CreateLogger(string categoryName) => new Logger(log, categoryName.StartsWith("MlSystem.", StringComparison.Ordinal));

    public void Dispose()
    {
        // Holds nothing.
    }

    private sealed class Logger(RunLog log, bool isOurs) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => isOurs && logLevel >= LogLevel.Information;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                log.Write(logLevel, exception is null ? formatter(state, exception) : $"{formatter(state, exception)}: {exception.Message}");
            }
        }
    }
}

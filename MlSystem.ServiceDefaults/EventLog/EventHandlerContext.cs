using Microsoft.Extensions.Logging;
using MlSystem.ServiceDefaults.Startup;

namespace MlSystem.ServiceDefaults.EventLog;

/// <summary>What an <see cref="EventHandlerService"/> needs besides its own services.</summary>
public sealed class EventHandlerContext(IEventLog log, StartupRunner startup, EventLogMetrics metrics, TimeProvider time, ILoggerFactory loggers)
{
    public IEventLog Log { get; } = log;

    public StartupRunner Startup { get; } = startup;

    public EventLogMetrics Metrics { get; } = metrics;

    public TimeProvider Time { get; } = time;

    public ILoggerFactory Loggers { get; } = loggers;
}

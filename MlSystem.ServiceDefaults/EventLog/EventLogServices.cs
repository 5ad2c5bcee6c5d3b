using Microsoft.Extensions.Logging;

namespace MlSystem.ServiceDefaults.EventLog;

/// <summary>What every part of an event log needs.</summary>
internal sealed record EventLogServices(EventLogOptions Options, EventLogMetrics Metrics, TimeProvider Time, ILogger Logger);

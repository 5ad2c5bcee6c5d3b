using System.Text;
using System.Text.Json;
using MlSystem.Contracts;
using MlSystem.ServiceDefaults.EventLog;

namespace MlSystem.Registry.Tests.Lineage;

/// <summary>Events and files as the training service, Monitor and Inference write them.</summary>
internal static class LineageEventSamples
{
    public static DateTimeOffset Start { get; } = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    public static LogEvent Event(AlertEvent alert) => Event(alert.Endpoint, alert.AlertId, EventTypes.Alert, JsonSerializer.Serialize(alert, ContractsJson.Default.AlertEvent));

    public static LogEvent Event(RunEvent run) => Event(run.RunId, $"{run.RunId}-{run.State}", EventTypes.Run, JsonSerializer.Serialize(run, ContractsJson.Default.RunEvent));

    public static LogEvent Event(string key, string id, string type, string payload) => new(key, Encoding.UTF8.GetBytes(payload), new Dictionary<string, string>
    {
        ["ce_specversion"] = "1.0", ["ce_id"] = id, ["ce_source"] = "/test", ["ce_type"] = type, ["content-type"] = "application/json",
    });

    public static AlertEvent Alert(string id, string endpoint, string? model, int? version, DateTimeOffset? time = null, string? revision = null) => new()
    {
        AlertId = id,
        Kind = "drift",
        Severity = AlertSeverity.Warning,
        Endpoint = endpoint,
        Model = model,
        Version = version,
        Summary = "tenure drifts",
        Time = time ?? Start,
        Evidence = revision is null ? new Dictionary<string, string>() : new Dictionary<string, string> { ["revision"] = revision },
    };

    public static RunEvent Run(string id, string state, string kind, string? evidence, int seconds = 0, string? model = null, int? version = null) => new()
    {
        RunId = id,
        Pipeline = "churn-daily",
        State = state,
        Trigger = new RunTrigger { Kind = kind, Evidence = evidence },
        Model = model,
        Version = version,
        Time = Start.AddSeconds(seconds),
    };

    /// <summary>A <c>lineage.json</c>.</summary>
    public static byte[] Lineage(string pipelineRun, string kind, string? evidence, int? parent, string fingerprint) => JsonSerializer.SerializeToUtf8Bytes(
        new ModelLineage
        {
            RunId = "as-tracked",
            Pipeline = "churn-daily",
            PipelineRunId = pipelineRun,
            DataFingerprint = fingerprint,
            TrainingRows = 1234,
            FeatureService = "churn_v1",
            FeatureServiceVersion = 3,
            CodeVersion = "1.2.3+abc",
            Parameters = new Dictionary<string, string> { ["depth"] = "6" },
            Seed = 7,
            ParentVersion = parent,
            Trigger = new RunTrigger { Kind = kind, Evidence = evidence },
            TrainedAt = Start,
        },
        ContractsJson.Default.ModelLineage);
}

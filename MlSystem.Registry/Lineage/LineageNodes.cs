using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using MlSystem.Registry.Storage;

namespace MlSystem.Registry.Lineage;

/// <summary>Makes nodes: their ids, names and paths.</summary>
internal static class LineageNodes
{
    public static string VersionId(string model, int version) => Text($"version:{model}/{version}");

    public static string RevisionId(string endpoint, long revision) => Text($"endpoint_revision:{endpoint}/{revision}");

    public static string PipelineRunId(string run) => $"pipeline_run:{run}";

    public static string AlertId(string alert) => $"alert:{alert}";

    /// <summary>A version that is only named, not described: it isn't expanded, or isn't there.</summary>
    public static LineageNode Version(string model, int version) =>
        new(VersionId(model, version), LineageType.Version, Text($"{model} version {version}")) { Href = Text($"/api/models/{Uri.EscapeDataString(model)}/versions/{version}") };

    public static LineageNode Version(string model, ModelVersion version) => Version(model, version.Version) with
    {
        Time = Time(version.CreationTime),
        Attributes = Attributes(
            ("model", model), ("version", version.Version), ("status", version.Status), ("reason", version.Reason), ("created_by", version.CreatedBy), ("source", version.Source)),
    };

    public static LineageNode Alert(LineageAlert alert) => new(AlertId(alert.AlertId), LineageType.Alert, alert.Summary)
    {
        Time = Time(alert.Time),
        Attributes = Attributes(
            ("kind", alert.Kind), ("severity", alert.Severity), ("endpoint", alert.Endpoint), ("model", alert.Model), ("version", alert.Version), ("evidence", Stored(alert.Evidence))),
    };

    public static LineageNode PipelineRun(string run, string? pipeline) =>
        new(PipelineRunId(run), LineageType.PipelineRun, pipeline is null ? $"run {run}" : $"run of {pipeline}") { Href = "/api/runs/" + Uri.EscapeDataString(run) };

    public static LineageNode PipelineRun(LineageRun run) => PipelineRun(run.RunId, run.Pipeline) with
    {
        Time = Time(run.FirstTime),
        Attributes = Attributes(
            ("pipeline", run.Pipeline), ("state", run.State), ("state_since", Time(run.Time)), ("trigger", run.TriggerKind), ("trigger_evidence", run.TriggerEvidence), ("error", run.Error)),
    };

    public static DateTimeOffset Time(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);

    /// <summary>Only those that have a value.</summary>
    public static JsonObject Attributes(params ReadOnlySpan<(string Name, object? Value)> attributes)
    {
        var json = new JsonObject();
        foreach (var (name, value) in attributes)
        {
            if (value is not null)
            {
                json[name] = value as JsonNode ?? (value is DateTimeOffset time ? JsonValue.Create(time) : Scalar(value));
            }
        }

        return json;
    }

    /// <summary>JSON from the database; where it can't be read, its text: the graph has the rest all the same.</summary>
    public static JsonNode? Stored(string? json)
    {
        try
        {
            return json is null ? null : JsonNode.Parse(json);
        }
        catch (JsonException)
        {
            return JsonValue.Create(json);
        }
    }

    public static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static JsonValue Scalar(object value) => value switch
    {
        bool flag => JsonValue.Create(flag),
        int number => JsonValue.Create(number),
        long number => JsonValue.Create(number),
        double number => JsonValue.Create(number),
        _ => JsonValue.Create((string)value),
    };
}

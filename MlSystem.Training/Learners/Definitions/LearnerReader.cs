using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using MlSystem.Training.Pipelines;

namespace MlSystem.Training.Learners.Definitions;

/// <summary>Reads a learner's document as a whole: every error at once, unknown keys refused.</summary>
internal static partial class LearnerReader
{
    /// <summary>The definition, or null when there is at least one error.</summary>
    public static (LearnerDefinition? Definition, IReadOnlyList<DefinitionError> Errors) Read(JsonElement document, string name)
    {
        List<DefinitionError> errors = [];
        var root = new Section(document, "$", errors);
        CheckName(root, name);
        var kind = root.OneOf("kind", [.. LearnerKind.All]);
        var tasks = LearnerKind.Tasks(kind);
        var task = root.OneOf("task", [.. tasks], tasks[0]);
        var definition = new LearnerDefinition
        {
            Name = name,
            Description = root.Text("description"),
            Kind = kind,
            Task = task,
            Source = ReadSource(root.Object("source")),
            Features = FeatureReader.Read(root.RequiredObject("features"), kind),
            Label = FeatureReader.ReadLabel(root.Object("label"), root, task),
            Parameters = ReadParameters(root.Object("parameters"), kind),
            Drift = ReadDrift(root.Object("drift"), kind),
            MetricWindow = (int)(root.Integer("metric_window", 100, 1_000_000) ?? 10_000),
            Checkpoint = ReadCheckpoint(root.Object("checkpoint")),
            Snapshots = SnapshotReader.Read(root.Object("snapshots"), task),
            WarmStart = SnapshotReader.ReadWarmStart(root.Object("warm_start")),
        };
        root.RefuseUnknown();
        FeatureReader.CheckNames(definition, root);
        return errors.Count == 0 ? (definition, errors) : (null, errors);
    }

    private static void CheckName(Section root, string name)
    {
        if (root.Text("name") is { } own && own != name)
        {
            root.Error("name", $"is '{own}', but the address says '{name}'");
        }

        if (!NamePattern().IsMatch(name))
        {
            root.Error("name", $"must be 1 to 63 of a-z, 0-9, '_' and '-', beginning with a letter, not '{name}'");
        }
    }

    private static LearnerSource ReadSource(Section? section)
    {
        var defaults = new LearnerSource();
        if (section is null)
        {
            return defaults;
        }

        var kind = section.OneOf("kind", [.. LearnerSource.Kinds], defaults.Kind);
        var source = new LearnerSource
        {
            Kind = kind,
            Topic = kind == LearnerSource.TopicRows ? section.RequiredText("topic") : null,
            Endpoint = kind == LearnerSource.EndpointRows ? section.RequiredText("endpoint") : null,
            JoinRows = kind == LearnerSource.EndpointRows ? (int)(section.Integer("join_rows", 100, 10_000_000) ?? defaults.JoinRows) : defaults.JoinRows,
            JoinHours = kind == LearnerSource.EndpointRows ? section.Number("join_hours", v => v is > 0 and <= 8760, "above 0 and at most 8,760") ?? defaults.JoinHours : defaults.JoinHours,
        };
        section.RefuseUnknown();
        return source;
    }

    private static Dictionary<string, double> ReadParameters(Section? section, string kind)
    {
        var given = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var (key, parameter) in LearnerKind.All.Contains(kind) ? LearnerParameters.Of(kind) : new Dictionary<string, LearnerParameter>(StringComparer.Ordinal))
        {
            if (section?.Number(key, parameter.Accepts, parameter.Allowed) is { } value)
            {
                given[key] = value;
            }
        }

        if (given.TryGetValue("minimum", out var least) && given.TryGetValue("maximum", out var most) && least > most)
        {
            section!.Error("minimum", string.Create(CultureInfo.InvariantCulture, $"is {least}, above the maximum {most}"));
        }

        section?.RefuseUnknown();
        return given;
    }

    private static LearnerDrift ReadDrift(Section? section, string kind)
    {
        var defaults = new LearnerDrift();
        if (section is null)
        {
            return defaults;
        }

        var drift = new LearnerDrift
        {
            Detector = section.OneOf("detector", [.. LearnerDrift.Detectors], defaults.Detector),
            Action = section.OneOf("action", [.. LearnerDrift.Actions], defaults.Action),
            Delta = section.Number("delta", v => v is > 0 and < 1, "above 0 and below 1") ?? defaults.Delta,
            Clock = (int)(section.Integer("clock", 1, 10_000) ?? defaults.Clock),
            Tolerance = section.Number("tolerance", v => v is >= 0 and <= 1, "0 to 1") ?? defaults.Tolerance,
            Threshold = section.Number("threshold", v => v is > 0 and <= 1e6, "above 0 and at most 1,000,000") ?? defaults.Threshold,
        };
        if (drift.Action == LearnerDrift.Faster && kind == LearnerKind.PassiveAggressive)
        {
            section.Error("action", "can't be 'faster': a passive-aggressive learner has no step that gets smaller; allowed are none and reset");
        }

        section.RefuseUnknown();
        return drift;
    }

    private static LearnerCheckpoint ReadCheckpoint(Section? section)
    {
        var defaults = new LearnerCheckpoint();
        var checkpoint = new LearnerCheckpoint
        {
            Events = (int)(section?.Integer("events", 1, 10_000_000) ?? defaults.Events),
            Seconds = section?.Number("seconds", v => v is >= 0.1 and <= 3600, "0.1 to 3,600") ?? defaults.Seconds,
        };
        section?.RefuseUnknown();
        return checkpoint;
    }

    [GeneratedRegex("^[a-z][a-z0-9_-]{0,62}$", RegexOptions.NonBacktracking)]
    private static partial Regex NamePattern();
}

using MlSystem.Training.Learners.Prequential;
using MlSystem.Training.Pipelines;

namespace MlSystem.Training.Learners.Definitions;

/// <summary>Sections <c>snapshots</c> and <c>warm_start</c>.</summary>
internal static class SnapshotReader
{
    public static LearnerSnapshots? Read(Section? section, string task)
    {
        if (section is null)
        {
            return null;
        }

        var snapshots = new LearnerSnapshots
        {
            Model = section.RequiredText("model"),
            Events = section.Integer("events", 1, 1_000_000_000),
            Seconds = section.Number("seconds", v => v is >= 1 and <= 31_536_000, "1 to 31,536,000"),
            Keep = (int)(section.Integer("keep", 1, 1000) ?? 10),
            Alias = section.Text("alias"),
            Gate = [.. section.Objects("gate").Select(g => ReadGate(g, task))],
        };
        if (snapshots.Events is null && snapshots.Seconds is null)
        {
            section.Error("events", "or seconds must say how often a snapshot is registered");
        }

        section.RefuseUnknown();
        return snapshots;
    }

    public static LearnerWarmStart? ReadWarmStart(Section? section)
    {
        if (section is null)
        {
            return null;
        }

        var model = section.RequiredText("model");
        var version = section.Integer("version", 1, int.MaxValue);
        if (version is null && section.Value("version") is null)
        {
            section.Error("version", "is required");
        }

        section.RefuseUnknown();
        return new LearnerWarmStart(model, (int)(version ?? 1));
    }

    private static LearnerGate ReadGate(Section section, string task)
    {
        var gate = new LearnerGate(
            section.OneOf("metric", [.. PrequentialMetrics.Names(task)]),
            section.Number("min", double.IsFinite, "a number"),
            section.Number("max", double.IsFinite, "a number"));
        if (gate.Min is null && gate.Max is null)
        {
            section.Error("min", "or max is required");
        }

        section.RefuseUnknown();
        return gate;
    }
}

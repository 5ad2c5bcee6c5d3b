namespace MlSystem.Training.Pipelines.Reading;

/// <summary>Section <c>gate</c>: what a model must reach.</summary>
internal static class GateReader
{
    public static GateSpec Read(Section? section)
    {
        if (section is null)
        {
            return new GateSpec();
        }

        var champion = section.Object("champion");
        var spec = new GateSpec
        {
            Thresholds = [.. section.Objects("thresholds").Select(ReadThreshold)],
            Champion = champion is null ? null : new ChampionSpec
            {
                Level = champion.Number("level", v => v is > 0 and <= 0.5, "above 0 and at most 0.5") ?? new ChampionSpec().Level,
            },
        };
        champion?.RefuseUnknown();
        section.RefuseUnknown();
        return spec;
    }

    private static MetricThreshold ReadThreshold(Section section)
    {
        var threshold = new MetricThreshold
        {
            Metric = section.RequiredText("metric"),
            Min = section.Number("min", _ => true, "a number"),
            Max = section.Number("max", _ => true, "a number"),
        };
        section.RefuseUnknown();
        if (threshold is { Min: null, Max: null })
        {
            section.Error(null, "needs min, max or both");
        }

        return threshold;
    }
}

using System.Text.Json;
using MlSystem.Training.Gates;

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

        var latency = section.Object("latency");
        var spec = new GateSpec
        {
            Thresholds = [.. section.Objects("thresholds").Select(ReadThreshold)],
            Champion = section.Object("champion") is { } champion ? ReadChampion(champion) : null,
            Slices = [.. section.Objects("slices").Select(ReadSlice)],
            Latency = latency is null ? null : ReadLatency(latency),
            MaxSizeBytes = section.Integer("max_size_bytes", 1, long.MaxValue),
            Signature = section.OneOf("signature", [.. SignaturePolicy.All], SignaturePolicy.Any),
        };
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

    private static ChampionSpec ReadChampion(Section section)
    {
        var spec = new ChampionSpec
        {
            Level = ReadLevel(section) ?? new ChampionSpec().Level,
            Tests = [.. section.Objects("tests").Select(ReadTest)],
        };
        section.RefuseUnknown();
        return spec;
    }

    private static ChampionTestSpec ReadTest(Section section)
    {
        var method = section.OneOf("method", [.. GateMethod.All]);
        var isBootstrap = method == GateMethod.Bootstrap;
        var defaults = new ChampionTestSpec { Method = method };
        var test = new ChampionTestSpec
        {
            Method = method,
            Metric = isBootstrap ? section.Text("metric") : null,
            Level = ReadLevel(section),
            Margin = section.Number("margin", v => v >= 0, "at least 0"),
            Resamples = isBootstrap ? (int)(section.Integer("resamples", 100, 100_000) ?? defaults.Resamples) : defaults.Resamples,
            Seed = isBootstrap ? section.Integer("seed", 0, int.MaxValue) ?? 0 : 0,
        };
        section.RefuseUnknown();
        return test;
    }

    private static double? ReadLevel(Section section) => section.Number("level", v => v is > 0 and <= 0.5, "above 0 and at most 0.5");

    private static SliceSpec ReadSlice(Section section)
    {
        var spec = new SliceSpec
        {
            Column = section.RequiredText("column"),
            Values = section.Texts("values"),
            Ranges = ReadRanges(section),
            Metric = section.RequiredText("metric"),
            Min = section.Number("min", _ => true, "a number"),
            Max = section.Number("max", _ => true, "a number"),
            MaxWorse = section.Number("max_worse", v => v >= 0, "at least 0"),
            MinRows = (int)(section.Integer("min_rows", 1, int.MaxValue) ?? 50),
        };
        section.RefuseUnknown();
        if (spec is { Values: not null, Ranges: not null })
        {
            section.Error(null, "takes values or ranges, not both");
        }

        if (spec is { Min: null, Max: null, MaxWorse: null })
        {
            section.Error(null, "needs min, max or max_worse");
        }

        return spec;
    }

    private static double[]? ReadRanges(Section section)
    {
        if (section.Value("ranges") is null)
        {
            return null;
        }

        var items = section.Items("ranges");
        double[] borders = [.. items.Where(i => i.Item.ValueKind == JsonValueKind.Number).Select(i => i.Item.GetDouble())];
        if (borders.Length == 0 || borders.Length != items.Count || borders.Zip(borders.Skip(1)).Any(p => p.First >= p.Second))
        {
            section.Error("ranges", "must be ascending numbers, at least one");
        }

        return borders;
    }

    private static LatencySpec ReadLatency(Section section)
    {
        var defaults = new LatencySpec();
        if (section.Value("max_p99_ms") is null)
        {
            section.Error("max_p99_ms", "is required");
        }

        var spec = new LatencySpec
        {
            MaxP99Ms = section.Number("max_p99_ms", v => v > 0, "above 0") ?? 0,
            Calls = (int)(section.Integer("calls", 100, 100_000) ?? defaults.Calls),
            Rounds = (int)(section.Integer("rounds", 1, 100) ?? defaults.Rounds),
        };
        section.RefuseUnknown();
        return spec;
    }
}

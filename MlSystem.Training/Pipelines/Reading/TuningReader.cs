using System.Text.Json;
using MlSystem.Training.Trainers;
using MlSystem.Training.Tuning;

namespace MlSystem.Training.Pipelines.Reading;

/// <summary>Section <c>tuning</c>: the search for the trainer's parameters.</summary>
internal static class TuningReader
{
    private static readonly string[] Types = ["uniform", "log_uniform", "int", "choice"];

    public static TuningSpec? Read(Section? section)
    {
        if (section is null)
        {
            return null;
        }

        var metric = section.RequiredText("metric");
        var validation = section.Object("validation");
        var space = section.RequiredObject("space");
        var spec = new TuningSpec
        {
            Algorithm = section.OneOf("algorithm", TuningAlgorithm.All, TuningAlgorithm.Tpe),
            Sampler = section.OneOf("sampler", [TuningAlgorithm.Random, TuningAlgorithm.Tpe], TuningAlgorithm.Random),
            Multivariate = ReadFlag(section, "multivariate", otherwise: true),
            Metric = metric,
            Minimize = section.OneOf("direction", ["minimize", "maximize"], Evaluation.MetricDirection.LessIsBetter(metric) ? "minimize" : "maximize") == "minimize",
            MaxTrials = (int)(section.Integer("max_trials", 1, 10_000) ?? 30),
            ParallelTrials = (int)(section.Integer("parallel_trials", 1, 64) ?? 1),
            TimeLimitSeconds = section.Integer("time_limit_seconds", 1, 31_536_000),
            Seed = section.Integer("seed", 0, int.MaxValue) ?? 0,
            Folds = (int)(validation?.Integer("folds", 2, 20) ?? 0),
            ValidationShare = validation?.Number("share", v => v is > 0 and < 1, "above 0 and below 1") ?? 0.2,
            Space = space.Keys().Order(StringComparer.Ordinal).ToDictionary(key => key, key => ReadDimension(space.Object(key)!), StringComparer.Ordinal),
            Resource = section.Object("resource") is { } resource ? ReadResource(resource) : null,
            MedianStopping = section.Object("median_stopping") is { } median ? ReadMedian(median) : null,
        };
        validation?.RefuseUnknown();
        section.RefuseUnknown();
        return spec;
    }

    private static DimensionSpec ReadDimension(Section section)
    {
        var type = section.OneOf("type", Types);
        var isChoice = type == "choice";
        var spec = new DimensionSpec
        {
            Type = type,
            Min = isChoice ? 0 : ReadBound(section, "min", type),
            Max = isChoice ? 0 : ReadBound(section, "max", type),
            Log = type == "int" && ReadFlag(section, "log", otherwise: false),
            Points = isChoice ? 0 : (int)(section.Integer("points", 1, 1000) ?? 0),
            Values = isChoice ? ReadValues(section) : null,
        };
        section.RefuseUnknown();
        if (!isChoice && !(spec.Min < spec.Max))
        {
            section.Error("max", "must be above min");
        }

        if ((type == "log_uniform" || spec.Log) && spec.Min <= 0)
        {
            section.Error("min", "must be above 0 on a logarithmic scale");
        }

        return spec;
    }

    private static double ReadBound(Section section, string key, string type)
    {
        if (section.Value(key) is null)
        {
            section.Error(key, "is required");
        }

        return section.Number(key, v => type != "int" || (double.IsInteger(v) && Math.Abs(v) <= int.MaxValue), type == "int" ? "a whole number" : "a number") ?? 0;
    }

    private static List<ParameterValue> ReadValues(Section section)
    {
        List<ParameterValue> values = [];
        foreach (var (_, item) in section.Items("values"))
        {
            if (ParameterValue.TryOf(item) is { } value)
            {
                values.Add(value);
            }
            else
            {
                section.Error("values", "must be numbers, texts, truth values or lists of whole numbers");
            }
        }

        if (values.Count == 0 || values.Distinct().Count() < values.Count)
        {
            section.Error("values", "needs at least one value, each once");
        }

        return values;
    }

    private static bool ReadFlag(Section section, string key, bool otherwise)
    {
        if (section.Value(key) is not { } value)
        {
            return otherwise;
        }

        if (value.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
        {
            section.Error(key, "must be true or false");
        }

        return value.ValueKind == JsonValueKind.True;
    }

    private static ResourceSpec ReadResource(Section section)
    {
        var spec = new ResourceSpec
        {
            Parameter = section.RequiredText("parameter"),
            Min = (int)(section.Integer("min", 1, int.MaxValue) ?? 1),
            Max = (int)(section.Integer("max", 1, int.MaxValue) ?? 0),
            ReductionFactor = (int)(section.Integer("reduction_factor", 2, 10) ?? 3),
        };
        section.RefuseUnknown();
        if (spec.Max < spec.Min)
        {
            section.Error("max", "is required and at least min");
        }

        return spec;
    }

    private static MedianStoppingSpec ReadMedian(Section section)
    {
        var spec = new MedianStoppingSpec
        {
            WarmUpTrials = (int)(section.Integer("warm_up_trials", 1, 1000) ?? 5),
            WarmUpCheckpoints = (int)(section.Integer("warm_up_checkpoints", 0, 1000) ?? 1),
        };
        section.RefuseUnknown();
        return spec;
    }
}

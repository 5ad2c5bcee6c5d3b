using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using MlSystem.Training.Evaluation;
using MlSystem.Training.Trainers;

namespace MlSystem.Training.Pipelines;

/// <summary>Reads a pipeline's JSON as a whole: every error at once, unknown keys refused.</summary>
public static partial class PipelineReader
{
    /// <summary>The definition, or null when there is at least one error.</summary>
    /// <param name="name">The name in the address, which the document may repeat or leave out; null when the document must name itself.</param>
    public static (PipelineDefinition? Definition, IReadOnlyList<DefinitionError> Errors) Read(JsonElement document, string? name = null)
    {
        List<DefinitionError> errors = [];
        var root = new Section(document, "$", errors);
        var definition = new PipelineDefinition
        {
            Name = ReadName(root, name),
            Description = root.Text("description"),
            Source = ReadSource(root.RequiredObject("source")),
            Validation = ReadValidation(root.Object("validation")),
            Split = ReadSplit(root.Object("split")),
            Trainer = ReadTrainer(root.RequiredObject("trainer")),
            Evaluation = ReadEvaluation(root.Object("evaluation")),
            Gate = ReadGate(root.Object("gate")),
            Register = ReadRegister(root.RequiredObject("register")),
        };
        root.RefuseUnknown();
        CheckTogether(definition, errors);
        return errors.Count == 0 ? (definition, errors) : (null, errors);
    }

    private static string ReadName(Section root, string? address)
    {
        var name = address is null ? root.RequiredText("name") : root.Text("name", address)!;
        if (name.Length > 0 && !NamePattern().IsMatch(name))
        {
            root.Error("name", $"must be 1 to 63 of a-z, 0-9, '_' and '-', beginning with a letter, not '{name}'");
        }

        if (address is not null && name != address)
        {
            root.Error("name", $"is '{name}', but the address says '{address}'");
        }

        return name;
    }

    private static SourceSpec ReadSource(Section source)
    {
        var spec = new SourceSpec
        {
            FeatureService = source.RequiredText("feature_service"),
            FeatureServiceVersion = (int?)source.Integer("feature_service_version", 1, int.MaxValue),
            Labels = ReadLabels(source.RequiredObject("labels")),
        };
        source.RefuseUnknown();
        return spec;
    }

    private static LabelSpec ReadLabels(Section labels)
    {
        var spec = new LabelSpec
        {
            File = labels.Text("file"),
            Table = labels.Object("table") is { } table ? ReadTable(table) : null,
            LabelColumn = labels.RequiredText("label_column"),
            EventTimestampColumn = labels.Text("event_timestamp_column", "event_timestamp")!,
        };
        labels.RefuseUnknown();
        if ((spec.File is null) == (spec.Table is null))
        {
            labels.Error(null, "needs exactly one of file and table");
        }

        if (spec.File is { } file && (Path.IsPathRooted(file) || file.Split('/', '\\').Contains("..")))
        {
            labels.Error("file", "must be a path below the folder of samples, without '..'");
        }

        foreach (var missing in new[] { spec.LabelColumn, spec.EventTimestampColumn }.Where(c => c.Length > 0 && spec.Table?.ContainsKey(c) == false))
        {
            labels.Error("table", $"has no column '{missing}'");
        }

        return spec;
    }

    private static Dictionary<string, IReadOnlyList<string>> ReadTable(Section table)
    {
        var columns = table.Keys().Order(StringComparer.Ordinal).ToDictionary(key => key, key => table.Texts(key) ?? [], StringComparer.Ordinal);
        if (columns.Values.Select(c => c.Count).Distinct().Count() > 1)
        {
            table.Error(null, "has columns of different lengths");
        }

        return columns;
    }

    private static ValidationSpec ReadValidation(Section? section)
    {
        var defaults = new ValidationSpec();
        if (section is null)
        {
            return defaults;
        }

        var columns = section.Object("column_max_missing_share");
        var spec = new ValidationSpec
        {
            MinRows = section.Integer("min_rows", 1, long.MaxValue) ?? defaults.MinRows,
            MaxMissingShare = section.Number("max_missing_share", v => v is >= 0 and <= 1, "from 0 to 1") ?? defaults.MaxMissingShare,
            ColumnMaxMissingShare = columns?.Keys().Order(StringComparer.Ordinal).ToDictionary(k => k, k => columns.Number(k, v => v is >= 0 and <= 1, "from 0 to 1") ?? 0, StringComparer.Ordinal)
                ?? defaults.ColumnMaxMissingShare,
            LabelClasses = section.Texts("label_classes"),
            MinClassShare = section.Number("min_class_share", v => v is >= 0 and <= 0.5, "from 0 to 0.5") ?? defaults.MinClassShare,
        };
        section.RefuseUnknown();
        if (spec.LabelClasses is { } classes && (classes.Count < 2 || classes.Distinct(StringComparer.Ordinal).Count() < classes.Count))
        {
            section.Error("label_classes", "needs at least two classes, each once");
        }

        return spec;
    }

    private static SplitSpec ReadSplit(Section? section)
    {
        var defaults = new SplitSpec();
        if (section is null)
        {
            return defaults;
        }

        var spec = new SplitSpec
        {
            Kind = section.OneOf("kind", [.. SplitKind.All], defaults.Kind),
            TestShare = section.Number("test_share", v => v is > 0 and < 1, "above 0 and below 1") ?? defaults.TestShare,
            Seed = section.Integer("seed", 0, int.MaxValue) ?? defaults.Seed,
        };
        section.RefuseUnknown();
        return spec;
    }

    private static TrainerSpec ReadTrainer(Section section)
    {
        var parameters = section.Object("parameters");
        var spec = new TrainerSpec
        {
            Kind = section.OneOf("kind", TrainerCatalog.Kinds),
            Task = section.OneOf("task", TrainerCatalog.Tasks),
            Seed = section.Integer("seed", 0, int.MaxValue) ?? 0,
            Parameters = parameters is null ? new Dictionary<string, double>() : ReadParameters(parameters, section.Text("kind") ?? ""),
        };
        section.RefuseUnknown();
        return spec;
    }

    private static Dictionary<string, double> ReadParameters(Section parameters, string kind)
    {
        Dictionary<string, double> values = new(StringComparer.Ordinal);
        foreach (var parameter in TrainerCatalog.Parameters(kind))
        {
            if (parameters.Number(parameter.Name, parameter.Accepts, parameter.Allowed) is { } value)
            {
                values[parameter.Name] = value;
            }
        }

        parameters.RefuseUnknown();
        return values;
    }

    private static EvaluationSpec ReadEvaluation(Section? section)
    {
        var spec = new EvaluationSpec { Metrics = section?.Texts("metrics") ?? [] };
        section?.RefuseUnknown();
        return spec;
    }

    private static GateSpec ReadGate(Section? section)
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

    private static RegisterSpec ReadRegister(Section section)
    {
        var spec = new RegisterSpec
        {
            Model = section.RequiredText("model"),
            Alias = section.Value("alias") is null ? null : section.RequiredText("alias"),
        };
        section.RefuseUnknown();
        return spec;
    }

    /// <summary>What no single section can know: metrics must be the task's, stratification and class checks need classes.</summary>
    private static void CheckTogether(PipelineDefinition definition, List<DefinitionError> errors)
    {
        var task = definition.Trainer.Task;
        if (!TrainerCatalog.Tasks.Contains(task))
        {
            return;
        }

        var known = MetricCatalog.Names(task);
        var used = definition.Evaluation.Metrics.Select((m, i) => (Metric: m, Path: string.Create(CultureInfo.InvariantCulture, $"$.evaluation.metrics[{i}]")))
            .Concat(definition.Gate.Thresholds.Select((t, i) => (t.Metric, Path: string.Create(CultureInfo.InvariantCulture, $"$.gate.thresholds[{i}].metric"))));
        errors.AddRange(used.Where(u => u.Metric.Length > 0 && !known.Contains(u.Metric))
            .Select(u => new DefinitionError(u.Path, $"'{u.Metric}' is not a metric of {task}; its metrics are {string.Join(", ", known)}")));

        if (!TrainerCatalog.Does(definition.Trainer.Kind, task))
        {
            errors.Add(new("$.trainer.task", $"trainer '{definition.Trainer.Kind}' does not do {task}"));
        }

        if (!TrainerCatalog.IsClassification(task) && definition.Split.Kind == SplitKind.Stratified)
        {
            errors.Add(new("$.split.kind", $"'stratified' needs classes, which {task} has not"));
        }

        if (!TrainerCatalog.IsClassification(task) && definition.Validation.LabelClasses is not null)
        {
            errors.Add(new("$.validation.label_classes", $"{task} has no classes"));
        }

        if (task == Contracts.ModelTask.BinaryClassification && definition.Validation.LabelClasses is { Count: > 2 })
        {
            errors.Add(new("$.validation.label_classes", "binary_classification has exactly two classes"));
        }
    }

    [GeneratedRegex("^[a-z][a-z0-9_-]{0,62}$", RegexOptions.NonBacktracking)]
    private static partial Regex NamePattern();
}

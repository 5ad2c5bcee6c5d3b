using System.Globalization;
using MlSystem.Training.Trainers;

namespace MlSystem.Training.Pipelines.Reading;

/// <summary>What no single section can know.</summary>
internal static class CrossChecks
{
    /// <summary>Metrics must be the task's, stratification and class checks need classes.</summary>
    public static void Check(PipelineDefinition definition, List<DefinitionError> errors)
    {
        var task = definition.Trainer.Task;
        if (!TrainerCatalog.Tasks.Contains(task))
        {
            return;
        }

        var known = TrainerCatalog.Metrics(task).Select(m => m.Name).ToList();
        var used = definition.Evaluation.Metrics.Select((m, i) => (Metric: m, Path: string.Create(CultureInfo.InvariantCulture, $"$.evaluation.metrics[{i}]")))
            .Concat(definition.Gate.Thresholds.Select((t, i) => (t.Metric, Path: string.Create(CultureInfo.InvariantCulture, $"$.gate.thresholds[{i}].metric"))));
        errors.AddRange(used.Where(u => u.Metric.Length > 0 && !known.Contains(u.Metric))
            .Select(u => new DefinitionError(u.Path, $"'{u.Metric}' is not a metric of {task}; its metrics are {string.Join(", ", known)}")));

        GateChecks.Check(definition, errors);
        TuningChecks.Check(definition, errors);
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

        errors.AddRange(TrainerCatalog.FamilyOf(task).Check(definition));
    }
}

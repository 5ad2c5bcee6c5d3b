using MlSystem.Contracts;
using MlSystem.Training.Trainers;
using MlSystem.Training.Gates;

namespace MlSystem.Training.Pipelines.Reading;

/// <summary>What section <c>gate</c> needs of the others: metrics and methods that the task has, and an alias whose holder is compared with.</summary>
internal static class GateChecks
{
    public static void Check(PipelineDefinition definition, List<DefinitionError> errors)
    {
        var (gate, task) = (definition.Gate, definition.Trainer.Task);
        var known = TrainerCatalog.Metrics(task).Select(m => m.Name).ToList();
        var tests = gate.Champion?.Tests ?? [];
        var metrics = gate.Slices.Select((s, i) => (Metric: (string?)s.Metric, Path: $"$.gate.slices[{i}].metric"))
            .Concat(tests.Select((t, i) => (t.Metric, Path: $"$.gate.champion.tests[{i}].metric")));
        errors.AddRange(metrics.Where(m => m.Metric is { Length: > 0 } && !known.Contains(m.Metric))
            .Select(m => new DefinitionError(m.Path, $"'{m.Metric}' is not a metric of {task}; its metrics are {string.Join(", ", known)}")));
        foreach (var (i, test) in tests.Index())
        {
            if (test.Method == GateMethod.DeLong && task != ModelTask.BinaryClassification)
            {
                errors.Add(new($"$.gate.champion.tests[{i}].method", $"'delong' compares areas under ROC curves, which {task} has not"));
            }

            if (test is { Method: GateMethod.Bootstrap, Metric: not null } && !GateJudge.TabularTasks.Contains(task))
            {
                errors.Add(new($"$.gate.champion.tests[{i}].metric", $"cannot be drawn again and again for {task}; without metric the losses are compared"));
            }

            if (test.Method == GateMethod.McNemar && task is not (ModelTask.BinaryClassification or ModelTask.MulticlassClassification))
            {
                errors.Add(new($"$.gate.champion.tests[{i}].method", $"'mcnemar' compares error rates, which {task} has not"));
            }
        }

        if (gate.Latency is not null && !GateJudge.TabularTasks.Contains(task))
        {
            errors.Add(new("$.gate.latency", $"is measured on rows of one prediction each, which {task} has not"));
        }

        if (definition.Register.Alias is null && (gate.Champion is not null || gate.Signature != SignaturePolicy.Any || gate.Slices.Any(s => s.MaxWorse is not null)))
        {
            errors.Add(new("$.register.alias", "is required: the gate compares with the version that holds it"));
        }
    }
}

using MlSystem.Training.Trainers;
using MlSystem.Training.Tuning;
using MlSystem.Training.Tuning.Search;

namespace MlSystem.Training.Pipelines.Reading;

/// <summary>What section <c>tuning</c> needs of the others: parameters that the trainer has, a metric of the task, folds that the split allows.</summary>
internal static class TuningChecks
{
    public static void Check(PipelineDefinition definition, List<DefinitionError> errors)
    {
        if (definition.Tuning is not { } tuning)
        {
            return;
        }

        var metrics = TrainerCatalog.Metrics(definition.Trainer.Task).Select(m => m.Name).ToList();
        if (tuning.Metric.Length > 0 && !metrics.Contains(tuning.Metric))
        {
            errors.Add(new("$.tuning.metric", $"'{tuning.Metric}' is not a metric of {definition.Trainer.Task}; its metrics are {string.Join(", ", metrics)}"));
        }

        if (tuning.Folds > 0 && definition.Split.Kind is not (SplitKind.Hash or SplitKind.Stratified))
        {
            errors.Add(new("$.tuning.validation.folds", $"shuffle rows, which split '{definition.Split.Kind}' does not; leave folds out to hold out by that split"));
        }

        CheckSpace(definition.Trainer.Kind, tuning, errors);
        CheckAlgorithm(tuning, definition.Trainer.Kind, errors);
    }

    private static void CheckSpace(string kind, TuningSpec tuning, List<DefinitionError> errors)
    {
        var known = TrainerCatalog.Parameters(kind);
        if (tuning.Space.Count == 0)
        {
            errors.Add(new("$.tuning.space", $"needs at least one parameter of {kind}: {string.Join(", ", known.Select(p => p.Name))}"));
        }

        foreach (var (name, dimension) in tuning.Space)
        {
            if (known.FirstOrDefault(p => p.Name == name) is not { } parameter)
            {
                errors.Add(new($"$.tuning.space.{name}", $"is no parameter of {kind}; those are {string.Join(", ", known.Select(p => p.Name))}"));
                continue;
            }

            IEnumerable<ParameterValue> values = dimension.Values ?? [dimension.Min, dimension.Max];
            if (values.FirstOrDefault(v => !parameter.Accepts(v)) is { } refused)
            {
                errors.Add(new($"$.tuning.space.{name}", $"has the value {refused}, but must be {parameter.Allowed}"));
            }

            if (parameter.Type == ParameterType.Integer && dimension.Type is "uniform" or "log_uniform")
            {
                errors.Add(new($"$.tuning.space.{name}.type", "must be int or choice for a whole number"));
            }

            if (tuning.Algorithm == TuningAlgorithm.Grid && dimension.Type is "uniform" or "log_uniform" && dimension.Points == 0)
            {
                errors.Add(new($"$.tuning.space.{name}.points", "is required for a grid"));
            }
        }
    }

    private static void CheckAlgorithm(TuningSpec tuning, string kind, List<DefinitionError> errors)
    {
        var halves = tuning.Algorithm is TuningAlgorithm.Hyperband or TuningAlgorithm.Asha;
        if (halves && tuning.Resource is null)
        {
            errors.Add(new("$.tuning.resource", $"is required for {tuning.Algorithm}"));
        }

        if (tuning.Resource is { } resource)
        {
            var parameter = TrainerCatalog.Parameters(kind).FirstOrDefault(p => p.Name == resource.Parameter);
            if (parameter is not { Type: ParameterType.Integer } || !parameter.Accepts(resource.Min) || !parameter.Accepts(resource.Max))
            {
                errors.Add(new("$.tuning.resource.parameter", $"'{resource.Parameter}' from {resource.Min} to {resource.Max} must be a whole-number parameter of {kind} within its range"));
            }

            if (tuning.Space.ContainsKey(resource.Parameter))
            {
                errors.Add(new("$.tuning.space", $"has '{resource.Parameter}', which is the resource"));
            }

            if (!halves && tuning.MedianStopping is null)
            {
                errors.Add(new("$.tuning.resource", "needs hyperband, asha or median_stopping"));
            }
        }

        if (tuning.MedianStopping is not null && (halves || (tuning.Resource is null && tuning.Folds == 0)))
        {
            errors.Add(new("$.tuning.median_stopping", "needs grid, random or tpe, with folds or a resource as checkpoints"));
        }

        if (tuning.Algorithm == TuningAlgorithm.Grid && errors.Count == 0 && GridSampler.Size(TuningSpace.Dimensions(tuning)) is var size && size > tuning.MaxTrials)
        {
            errors.Add(new("$.tuning.max_trials", $"is {tuning.MaxTrials}, but the grid has {size} points"));
        }
    }
}

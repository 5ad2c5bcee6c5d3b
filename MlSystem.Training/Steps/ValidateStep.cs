using System.Globalization;
using MlSystem.Training.Clients;
using MlSystem.Training.Data;
using MlSystem.Training.Pipelines;
using MlSystem.Training.Trainers;

namespace MlSystem.Training.Steps;

/// <summary>Checks the joined rows against the pipeline's expectations; every breach is reported, and any fails the run.</summary>
public sealed class ValidateStep : IStep
{
    public const string StepName = "validate";
    public const string ReportFile = "validation.json";

    public string Name => StepName;

    public double Weight => 1;

    public IReadOnlyList<string>? CacheSections => ["source", "validation", "trainer"];

    public async Task<StepFacts> RunAsync(StepContext context, CancellationToken cancellationToken)
    {
        var rows = RowTable.ReadCsvFile(context.Input(JoinStep.StepName, JoinStep.RowsFile));
        var join = await StepFiles.ReadAsync(context.Input(JoinStep.StepName, JoinStep.ReportFile), TrainingJson.Default.JoinReport, cancellationToken);
        var report = Check(rows, join.Service.Features, context.Definition);
        await StepFiles.WriteAsync(context.Output(ReportFile), report, TrainingJson.Default.ValidationReport, cancellationToken);
        return report.Breaches.Count == 0
            ? StepFacts.None
            : throw new StepFailedException(string.Join("; ", report.Breaches) + ".");
    }

    internal static ValidationReport Check(RowTable rows, IReadOnlyList<ServiceFeature> features, PipelineDefinition definition)
    {
        var spec = definition.Validation;
        List<string> breaches = [];
        if (rows.Rows < spec.MinRows)
        {
            breaches.Add($"there are {rows.Rows} rows, fewer than min_rows {spec.MinRows}");
        }

        var missing = features.ToDictionary(f => f.Name, f => rows.Rows == 0 ? 0 : rows[f.Name].Count(c => c.Length == 0) / (double)rows.Rows, StringComparer.Ordinal);
        foreach (var (column, share) in missing)
        {
            var allowed = spec.ColumnMaxMissingShare.GetValueOrDefault(column, spec.MaxMissingShare);
            if (share > allowed)
            {
                breaches.Add(string.Create(CultureInfo.InvariantCulture, $"feature '{column}' is missing in {share:P1} of the rows, more than {allowed:P1}"));
            }
        }

        breaches.AddRange(spec.ColumnMaxMissingShare.Keys.Except(missing.Keys, StringComparer.Ordinal).Select(c => $"column_max_missing_share names '{c}', which is no feature"));
        var classes = TrainerCatalog.IsClassification(definition.Trainer.Task)
            ? rows[Joining.Label].CountBy(l => l, StringComparer.Ordinal).OrderBy(c => c.Key, StringComparer.Ordinal).ToDictionary(c => c.Key, c => (long)c.Value, StringComparer.Ordinal)
            : null;
        breaches.AddRange(TrainerCatalog.Task(definition.Trainer.Task)?.Labels switch
        {
            LabelType.Classes => CheckClasses(classes!, rows.Rows, definition),
            LabelType.Numbers => CheckTargets(rows),
            _ => [],
        });
        return new ValidationReport(rows.Rows, missing, classes, breaches);
    }

    private static IEnumerable<string> CheckClasses(Dictionary<string, long> classes, int rows, PipelineDefinition definition)
    {
        var spec = definition.Validation;
        if (spec.LabelClasses is { } expected && !expected.ToHashSet(StringComparer.Ordinal).SetEquals(classes.Keys))
        {
            yield return $"the label classes are {string.Join(", ", classes.Keys)} instead of {string.Join(", ", expected)}";
        }
        else if (classes.Count < 2)
        {
            yield return "the labels are all of one class";
        }
        else if (definition.Trainer.Task == Contracts.ModelTask.BinaryClassification && classes.Count > 2)
        {
            yield return $"binary_classification needs two label classes; there are {classes.Count}: {string.Join(", ", classes.Keys.Take(10))}";
        }

        foreach (var (label, count) in classes.Where(c => c.Value < spec.MinClassShare * rows))
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"class '{label}' has {count} of {rows} rows, less than min_class_share {spec.MinClassShare}");
        }
    }

    private static IEnumerable<string> CheckTargets(RowTable rows)
    {
        var labels = rows[Joining.Label];
        for (var row = 0; row < labels.Length; row++)
        {
            if (!float.TryParse(labels[row], CultureInfo.InvariantCulture, out var target) || !float.IsFinite(target))
            {
                yield return $"the label of row {row + 1} is '{labels[row]}', which is no finite number";
                yield break;
            }
        }

        if (labels.Length > 0 && labels.Distinct(StringComparer.Ordinal).Count() == 1)
        {
            yield return "the labels are all the same number";
        }
    }
}

/// <summary>What validation found: <c>validation.json</c>.</summary>
/// <param name="MissingShare">Feature → share of rows without a value, 0 to 1.</param>
/// <param name="Classes">Label class → rows; absent for regression.</param>
/// <param name="Breaches">Every expectation that is not met; empty when all are.</param>
public sealed record ValidationReport(
    long Rows, IReadOnlyDictionary<string, double> MissingShare, IReadOnlyDictionary<string, long>? Classes, IReadOnlyList<string> Breaches);

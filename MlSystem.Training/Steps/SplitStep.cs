using MlSystem.Training.Data;

namespace MlSystem.Training.Steps;

/// <summary>Divides the joined rows into those to train on and those held out.</summary>
public sealed class SplitStep : IStep
{
    public const string StepName = "split";
    public const string TrainFile = "train.csv";
    public const string TestFile = "test.csv";
    public const string ReportFile = "split.json";

    public string Name => StepName;

    public double Weight => 1;

    public IReadOnlyList<string>? CacheSections => ["split"];

    public async Task<StepFacts> RunAsync(StepContext context, CancellationToken cancellationToken)
    {
        var rows = RowTable.ReadCsvFile(context.Input(JoinStep.StepName, JoinStep.RowsFile));
        var join = await StepFiles.ReadAsync(context.Input(JoinStep.StepName, JoinStep.ReportFile), TrainingJson.Default.JoinReport, cancellationToken);
        var (train, test) = Splitting.Split(rows, [.. join.Service.JoinKeys.Select(k => k.Name)], context.Definition.Split);
        if (train.Count == 0 || test.Count == 0)
        {
            throw new StepFailedException($"The split leaves {train.Count} rows to train on and {test.Count} held out; both need at least one.");
        }

        rows.Select(train).WriteCsvFile(context.Output(TrainFile));
        rows.Select(test).WriteCsvFile(context.Output(TestFile));
        await StepFiles.WriteAsync(context.Output(ReportFile), new SplitReport(train.Count, test.Count), TrainingJson.Default.SplitReport, cancellationToken);
        return StepFacts.None;
    }
}

/// <summary>Sizes of the two sides: <c>split.json</c>.</summary>
public sealed record SplitReport(long TrainingRows, long TestRows);

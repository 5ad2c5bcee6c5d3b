using System.Security.Cryptography;
using MlSystem.Training.Clients;
using MlSystem.Training.Sources;

namespace MlSystem.Training.Steps;

/// <summary>Reads the pipeline's source: labels joined with features as of each label's time, or rows that have both.</summary>
public sealed class JoinStep(RowSources sources) : IStep
{
    public const string StepName = "join";
    public const string RowsFile = "rows.csv";
    public const string ReportFile = "join.json";

    public string Name => StepName;

    public double Weight => 15;

    public async Task<StepFacts> RunAsync(StepContext context, CancellationToken cancellationToken)
    {
        var (rows, service, isBound) = await sources.ReadAsync(context.Definition.Source, context.Run.CreatedAt, context.Progress, cancellationToken);
        context.Progress.Report(0.8);
        rows.WriteCsvFile(context.Output(RowsFile));
        await using var written = File.OpenRead(context.Output(RowsFile));
        var report = new JoinReport(service, Convert.ToHexStringLower(await SHA256.HashDataAsync(written, cancellationToken)), rows.Rows) { IsBound = isBound };
        await StepFiles.WriteAsync(context.Output(ReportFile), report, TrainingJson.Default.JoinReport, cancellationToken);
        return StepFacts.None;
    }
}

/// <summary>What was read: <c>join.json</c>.</summary>
/// <param name="Service">The inputs and entity columns; made up from the columns where <see cref="IsBound"/> is false.</param>
/// <param name="Fingerprint">SHA-256 of <c>rows.csv</c>, the rows in canonical form and order.</param>
public sealed record JoinReport(FeatureService Service, string Fingerprint, long Rows)
{
    /// <summary>Whether the inputs are those of a feature service, so that serving may look them up.</summary>
    public bool IsBound { get; set; } = true;
}

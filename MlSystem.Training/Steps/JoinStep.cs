using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.Options;
using MlSystem.Training.Clients;
using MlSystem.Training.Data;
using MlSystem.Training.Pipelines;
using MlSystem.Training.Runs;

namespace MlSystem.Training.Steps;

/// <summary>Reads the labels and joins the features as of each label's time.</summary>
public sealed class JoinStep(FeaturesClient features, HistoricalClient historical, IOptions<RunOptions> options) : IStep
{
    public const string StepName = "join";
    public const string RowsFile = "rows.csv";
    public const string ReportFile = "join.json";

    public string Name => StepName;

    public double Weight => 15;

    public async Task<StepFacts> RunAsync(StepContext context, CancellationToken cancellationToken)
    {
        var source = context.Definition.Source;
        var service = await features.FindServiceAsync(source.FeatureService, source.FeatureServiceVersion, cancellationToken)
            ?? throw new StepFailedException($"There is no feature service '{source.FeatureService}'{(source.FeatureServiceVersion is { } version ? $" version {version}" : "")}.");
        var labels = Joining.Labels(Read(source.Labels), source.Labels, service);
        context.Progress.Report(0.1);
        var collector = new Joining.Collector(service);
        using (var entities = Joining.Entities(labels, service))
        {
            await historical.JoinAsync(service, entities, collector.Take, cancellationToken);
        }

        context.Progress.Report(0.8);
        var rows = collector.Join(labels);
        rows.WriteCsvFile(context.Output(RowsFile));
        await using var written = File.OpenRead(context.Output(RowsFile));
        var report = new JoinReport(service, Convert.ToHexStringLower(await SHA256.HashDataAsync(written, cancellationToken)), rows.Rows);
        await File.WriteAllTextAsync(context.Output(ReportFile), JsonSerializer.Serialize(report, TrainingJson.Default.JoinReport), cancellationToken);
        return StepFacts.None;
    }

    private RowTable Read(LabelSpec labels)
    {
        if (labels.Table is { } table)
        {
            return new RowTable([.. table.Select(column => (column.Key, column.Value.ToArray()))]);
        }

        var path = Path.Combine(options.Value.SamplesDirectory, labels.File!);
        try
        {
            return RowTable.ReadCsvFile(path);
        }
        catch (Exception error) when (error is IOException or RowTableException or UnauthorizedAccessException)
        {
            throw new StepFailedException($"The label file '{labels.File}' cannot be read: {error.Message}");
        }
    }
}

/// <summary>What was joined: <c>join.json</c>.</summary>
/// <param name="Fingerprint">SHA-256 of <c>rows.csv</c>, the rows in canonical form and order.</param>
public sealed record JoinReport(FeatureService Service, string Fingerprint, long Rows);

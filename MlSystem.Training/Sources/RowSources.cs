using MlSystem.Training.Clients;
using MlSystem.Training.Data;
using MlSystem.Training.Pipelines;
using MlSystem.Training.Steps;

namespace MlSystem.Training.Sources;

/// <summary>Reads whichever source a pipeline declares.</summary>
public sealed class RowSources(FeaturesClient features, HistoricalClient historical, MonitorClient monitor, SourceFiles files)
{
    /// <param name="progress">Takes the share that is done, 0 to 1.</param>
    public Task<SourceRows> ReadAsync(SourceSpec source, DateTimeOffset asOf, IProgress<double> progress, CancellationToken cancellationToken) => source switch
    {
        { File: { } file } => FileAsync(file, cancellationToken),
        { Table: { FeatureView: { } view } table } => ViewAsync(view, table.Columns, cancellationToken),
        { Table: { } table } => Task.FromResult(ColumnTable.Of(Table(table.Rows!), table.Columns, "the table")),
        { Predictions: { } predictions } => PredictionsAsync(predictions, asOf, cancellationToken),
        _ => JoinAsync(source, progress, cancellationToken),
    };

    private async Task<SourceRows> FileAsync(FileSource file, CancellationToken cancellationToken) =>
        ColumnTable.Of(await files.ReadAsync(file.Path, cancellationToken), file.Columns, $"the file '{file.Path}'");

    private async Task<SourceRows> ViewAsync(string view, ColumnRoles columns, CancellationToken cancellationToken)
    {
        var definition = await features.FindViewAsync(view, cancellationToken) ?? throw new StepFailedException($"There is no feature view '{view}'.");
        var file = Path.GetTempFileName();
        try
        {
            await features.DownloadViewAsync(definition, file, cancellationToken);
            return ColumnTable.Of(await ParquetTable.ReadAsync(file, cancellationToken), columns, $"the feature view '{view}'");
        }
        finally
        {
            File.Delete(file);
        }
    }

    private async Task<SourceRows> PredictionsAsync(PredictionSource source, DateTimeOffset asOf, CancellationToken cancellationToken)
    {
        var table = await LabelledPredictions.ReadAsync(monitor, source, asOf, cancellationToken);
        var rows = ColumnTable.Of(table, source.Columns with { LabelColumn = Joining.Label, EventTimestampColumn = Joining.EventTimestamp }, $"the predictions of endpoint '{source.Endpoint}'");
        if (source.FeatureService is not { } name)
        {
            return rows;
        }

        var service = await ServiceAsync(name, version: null, cancellationToken);
        string[] missing = [.. service.Features.Select(f => f.Name).Where(f => !rows.Rows.Has(f))];
        return missing.Length == 0
            ? rows with { Service = service, IsBound = true }
            : throw new StepFailedException($"The predictions of endpoint '{source.Endpoint}' lack {string.Join(", ", missing)} of feature service '{name}'.");
    }

    private async Task<SourceRows> JoinAsync(SourceSpec source, IProgress<double> progress, CancellationToken cancellationToken)
    {
        var service = await ServiceAsync(source.FeatureService!, source.FeatureServiceVersion, cancellationToken);
        var labels = Joining.Labels(await LabelsAsync(source.Labels!, cancellationToken), source.Labels!, service);
        progress.Report(0.1);
        var collector = new Joining.Collector(service);
        using (var entities = Joining.Entities(labels, service))
        {
            await historical.JoinAsync(service, entities, collector.Take, cancellationToken);
        }

        return new SourceRows(collector.Join(labels), service, IsBound: true);
    }

    private async Task<FeatureService> ServiceAsync(string name, int? version, CancellationToken cancellationToken) =>
        await features.FindServiceAsync(name, version, cancellationToken)
            ?? throw new StepFailedException($"There is no feature service '{name}'{(version is { } number ? $" version {number}" : "")}.");

    private Task<RowTable> LabelsAsync(LabelSpec labels, CancellationToken cancellationToken) =>
        labels.Table is { } table ? Task.FromResult(Table(table)) : files.ReadAsync(labels.File!, cancellationToken);

    private static RowTable Table(IReadOnlyDictionary<string, IReadOnlyList<string>> columns) => new([.. columns.Select(column => (column.Key, column.Value.ToArray()))]);
}

using System.Globalization;
using DuckDB.NET.Data;
using Microsoft.Extensions.Options;
using MlSystem.Contracts;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Ingestion;
using MlSystem.FeatureStore.Offline;
using MlSystem.FeatureStore.Quality;

namespace MlSystem.FeatureStore.Statistics;

/// <summary>Computes statistics of a view's offline rows; one at a time, within <c>Features:HistoricalMemoryMiB</c>, beyond that on disk.</summary>
public sealed class StatisticsReader(OfflineManifest manifest, OfflineProgress progress, Spool spool, IOptions<FeatureStoreOptions> options) : IDisposable
{
    private readonly SemaphoreSlim _running = new(1);

    /// <exception cref="OfflineStoreException">Acknowledged rows have not reached Parquet in time.</exception>
    public async Task<ViewStatistics> ReadAsync(FeatureView view, StatisticsRequest request, CancellationToken cancellationToken)
    {
        await progress.CatchUpAsync(cancellationToken);
        await _running.WaitAsync(cancellationToken);
        try
        {
            using var snapshot = await manifest.SnapshotAsync(view.Name, [new OfflineRange(Date(request.FromUs), Date(request.ToUs))], cancellationToken);

            // A database in a file: the rows may be more than fit into memory.
            var file = spool.NewPath(".duckdb");
            try
            {
                await using var connection = await DuckDb.OpenAsync(spool.Folder, options.Value.HistoricalMemoryMiB, cancellationToken);
                await DuckDb.ExecuteAsync(connection, $"ATTACH {DuckDb.Text(file)} AS spill; USE spill", cancellationToken);
                await DuckDb.ExecuteAsync(connection, $"CREATE TABLE {ColumnSummary.Table} AS {Rows(view, request, snapshot.Paths)}", cancellationToken);
                return await ReadAsync(connection, view, request, cancellationToken);
            }
            finally
            {
                File.Delete(file);
                File.Delete(file + ".wal");
            }
        }
        finally
        {
            _running.Release();
        }
    }

    public void Dispose() => _running.Dispose();

    private static DateOnly? Date(long? us) => us is { } value ? OfflineStore.DateOf(value) : null;

    /// <summary>Of rows of one entity and event time the latest created counts, as in a join.</summary>
    private static string Rows(FeatureView view, StatisticsRequest request, IReadOnlyList<string> files)
    {
        var keys = string.Join(", ", view.JoinKeys.Select(key => DuckDb.Name(key.Name)));
        var from = request.FromUs is { } start ? string.Create(CultureInfo.InvariantCulture, $" AND {OfflineColumns.EventUs} >= {start}") : "";
        var to = request.ToUs is { } end ? string.Create(CultureInfo.InvariantCulture, $" AND {OfflineColumns.EventUs} < {end}") : "";
        return $"SELECT * FROM ({DuckDb.Rows(view, files)}) WHERE {OfflineColumns.Offline}{from}{to} "
            + $"QUALIFY row_number() OVER (PARTITION BY {keys}, {OfflineColumns.EventUs} ORDER BY {OfflineColumns.CreatedUs} DESC, {OfflineColumns.LoggedUs} DESC) = 1";
    }

    private static async Task<ViewStatistics> ReadAsync(DuckDBConnection connection, FeatureView view, StatisticsRequest request, CancellationToken cancellationToken)
    {
        var keys = string.Join(", ", view.JoinKeys.Select(key => DuckDb.Name(key.Name)));
        var features = new List<FeatureSummary>();
        foreach (var feature in view.Features)
        {
            features.Add(await ColumnSummary.ReadAsync(connection, view, feature, request, cancellationToken));
        }

        var newest = $"SELECT * FROM {ColumnSummary.Table} QUALIFY row_number() OVER (PARTITION BY {keys} ORDER BY {OfflineColumns.EventUs} DESC) = 1";
        var rules = await ShareRules.AskAsync(connection, view, $"SELECT * FROM {ColumnSummary.Table}", newest, all: true, cancellationToken);
        await using var command = connection.CreateCommand();
        command.CommandText = $"SELECT count(*), (SELECT count(*) FROM (SELECT DISTINCT {keys} FROM {ColumnSummary.Table})), min({OfflineColumns.EventUs}), max({OfflineColumns.EventUs}) FROM {ColumnSummary.Table}";
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        var rows = reader.GetInt64(0);
        return new ViewStatistics(
            view.Name, view.Version, Time(request.FromUs), Time(request.ToUs), rows, reader.GetInt64(1), rows == 0 ? null : Time(reader.GetInt64(2)), rows == 0 ? null : Time(reader.GetInt64(3)),
            features, rules, BaselineOf(rows, features));
    }

    private static Baseline BaselineOf(long rows, IEnumerable<FeatureSummary> features) => new()
    {
        Rows = rows,
        Inputs = [.. features.Where(feature => feature.Numeric is not null || feature.Categorical is not null).Select(feature => new ColumnBaseline
        {
            Name = feature.Name,
            Count = feature.Count,
            Missing = feature.Nulls,
            Numeric = feature.Numeric,
            Categorical = feature.Categorical,
        })],
        Outputs = [],
    };

    private static DateTimeOffset? Time(long? us) => us is { } value ? UnixTime.FromMicroseconds(value) : null;
}

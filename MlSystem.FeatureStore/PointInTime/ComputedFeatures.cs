using DuckDB.NET.Data;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Ingestion;
using MlSystem.FeatureStore.Offline;
using MlSystem.FeatureStore.PointInTime.Entities;

namespace MlSystem.FeatureStore.PointInTime;

/// <summary>
/// The step behind the join: computes on-demand features over its result by the evaluator that online reads use, and puts the answer's columns
/// in their order. Rows go through in batches; nothing but one batch is in memory besides DuckDB's own.
/// </summary>
public static class ComputedFeatures
{
    private const int BatchRows = 2048;
    private const string Joined = "joined_features";
    private const string Computed = "computed_features";

    /// <param name="query">The join's result in the order of the entity rows.</param>
    /// <returns>The query of the answer, in the same order; the same query where there is nothing to do.</returns>
    public static async Task<string> AddAsync(DuckDBConnection connection, HistoricalRequest request, EntityTable entities, string query, CancellationToken cancellationToken)
    {
        var times = request.Features.Where(IsTime).Select(feature => feature.Name).ToHashSet(StringComparer.Ordinal);
        if (request.Computations.Count == 0 && times.Count == 0)
        {
            return query;
        }

        await DuckDb.ExecuteAsync(connection, $"CREATE TABLE {Joined} AS {query}", cancellationToken);
        var outputs = request.Computations.SelectMany(computation => computation.Outputs.Select(output => (output.Name, computation.Program.Features[output.Feature].Datatype))).ToList();
        if (outputs.Count > 0)
        {
            await DuckDb.ExecuteAsync(connection, $"CREATE TABLE {Computed} ({string.Join(", ", outputs.Select(output => $"{DuckDb.Name(output.Name)} {DuckDb.Type(output.Datatype)}"))})", cancellationToken);
            await ComputeAsync(connection, request, cancellationToken);
            times.UnionWith(outputs.Where(output => output.Datatype == Datatype.Timestamp).Select(output => output.Name));
        }

        var columns = entities.Columns.Select(DuckDb.Name).Concat(request.Outputs.Select(name =>
            times.Contains(name) ? $"make_timestamptz({DuckDb.Name(name)}) AS {DuckDb.Name(name)}" : DuckDb.Name(name)));
        return $"SELECT {string.Join(", ", columns)} FROM {Joined}{(outputs.Count > 0 ? $" POSITIONAL JOIN {Computed}" : "")}";
    }

    private static bool IsTime(HistoricalFeature feature) => feature.View.Features[feature.View.IndexOf(feature.Feature)].Datatype == Datatype.Timestamp;

    private static async Task ComputeAsync(DuckDBConnection connection, HistoricalRequest request, CancellationToken cancellationToken)
    {
        // A second connection to the same database: one that streams a result can't append meanwhile.
        await using var reading = connection.Duplicate();
        await reading.OpenAsync(cancellationToken);
        await using var command = reading.CreateCommand();
        var inputs = request.Computations.SelectMany(computation => computation.Inputs.Zip(computation.Program.Inputs, (column, input) => (Column: column, input.Field.Datatype, input.IsRequest))).ToList();
        var columns = inputs.Select(input => input is { IsRequest: true, Datatype: Datatype.Timestamp } ? $"epoch_us({DuckDb.Name(input.Column)})" : DuckDb.Name(input.Column));
        command.CommandText = $"SELECT epoch_us({DuckDb.Name(request.EventTimestampColumn)}){string.Concat(columns.Select(column => ", " + column))} FROM {Joined} ORDER BY rowid";
        command.UseStreamingMode = true;
        await using var reader = (DuckDBDataReader)await command.ExecuteReaderAsync(cancellationToken);
        using var appender = connection.CreateAppender(Computed);
        var batch = new Batch([.. inputs.Select(input => input.Datatype)]);
        while (await reader.ReadAsync(cancellationToken))
        {
            batch.Add(reader);
            if (batch.Rows == BatchRows)
            {
                Append(appender, request, batch);
            }
        }

        Append(appender, request, batch);
    }

    private static void Append(DuckDBAppender appender, HistoricalRequest request, Batch batch)
    {
        var (columns, now) = batch.Take();
        var results = new List<(Datatype Datatype, FeatureValue[] Values)>();
        var first = 0;
        foreach (var computation in request.Computations)
        {
            var computed = computation.Program.Evaluate(columns[first..(first + computation.Inputs.Count)], now);
            first += computation.Inputs.Count;
            results.AddRange(computation.Outputs.Select(output => (computation.Program.Features[output.Feature].Datatype, computed[output.Feature])));
        }

        for (var i = 0; i < now.Length; i++)
        {
            var row = appender.CreateRow();
            foreach (var (datatype, values) in results)
            {
                DuckDbValues.Append(row, datatype, values[i]);
            }

            row.EndRow();
        }
    }

    /// <summary>Rows gathered as columns.</summary>
    private sealed class Batch(IReadOnlyList<Datatype> datatypes)
    {
        private readonly List<FeatureValue>[] _columns = [.. datatypes.Select(_ => new List<FeatureValue>(BatchRows))];
        private readonly List<long> _now = new(BatchRows);

        public int Rows => _now.Count;

        public void Add(DuckDBDataReader reader)
        {
            _now.Add(reader.GetInt64(0));
            for (var i = 0; i < _columns.Length; i++)
            {
                _columns[i].Add(DuckDbValues.Read(reader, i + 1, datatypes[i]));
            }
        }

        public (FeatureValue[][] Columns, long[] NowUs) Take()
        {
            (FeatureValue[][] Columns, long[]) taken = ([.. _columns.Select(column => column.ToArray())], [.. _now]);
            _now.Clear();
            Array.ForEach(_columns, column => column.Clear());
            return taken;
        }
    }
}

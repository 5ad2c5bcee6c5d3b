using System.Globalization;
using DuckDB.NET.Data;
using MlSystem.Contracts;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Offline;

namespace MlSystem.FeatureStore.Statistics;

/// <summary>Statistics of one feature over the rows of table <c>rows</c>.</summary>
internal static class ColumnSummary
{
    public const string Table = "stat_rows";
    private static readonly double[] Quantiles = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99];

    public static async Task<FeatureSummary> ReadAsync(DuckDBConnection connection, FeatureView view, Field feature, StatisticsRequest request, CancellationToken cancellationToken)
    {
        var column = DuckDb.Name(feature.Name);
        var counts = await RowAsync(connection, $"SELECT count(*), count({column}) FROM {Table}", cancellationToken);
        var (rows, count) = (Long(counts[0]), Long(counts[1]));
        var summary = new FeatureSummary { Name = feature.Name, Datatype = feature.Datatype.Name(), Count = count, Nulls = rows - count, NullShare = rows == 0 ? 0 : (double)(rows - count) / rows };
        return view.IsSensitive(feature.Name) ? summary with { Sensitive = true }
            : count == 0 ? summary
            : feature.Datatype.IsList() ? await ListAsync(connection, column, summary, cancellationToken)
            : feature.Datatype is Datatype.Bytes or Datatype.Bool ? await CategoriesAsync(connection, column, summary, request, cancellationToken)
            : await NumberAsync(connection, column, summary, request, cancellationToken);
    }

    private static async Task<FeatureSummary> NumberAsync(DuckDBConnection connection, string column, FeatureSummary summary, StatisticsRequest request, CancellationToken cancellationToken)
    {
        var quantiles = string.Join(", ", Quantiles.Select(q => q.ToString(CultureInfo.InvariantCulture)));
        var edges = string.Join(", ", Enumerable.Range(0, request.Bins + 1).Select(bin => ((double)bin / request.Bins).ToString("R", CultureInfo.InvariantCulture)));
        var row = await RowAsync(
            connection,
            $"SELECT min(x), max(x), avg(x), stddev_pop(x), approx_count_distinct(x), quantile_cont(x, [{quantiles}]), quantile_disc(x, [{edges}]) FROM (SELECT {column}::DOUBLE AS x FROM {Table} WHERE {column} IS NOT NULL)",
            cancellationToken);
        var bins = Edges([.. ((List<double>)row[6]!).Distinct()]);
        var numeric = new NumericBaseline
        {
            Min = (double)row[0]!,
            Max = (double)row[1]!,
            Mean = (double)row[2]!,
            StandardDeviation = (double)row[3]!,
            BinEdges = bins,
            BinCounts = await BinCountsAsync(connection, column, bins, cancellationToken),
        };
        return summary with
        {
            Min = numeric.Min,
            Max = numeric.Max,
            Mean = numeric.Mean,
            StandardDeviation = numeric.StandardDeviation,
            Distinct = Long(row[4]),
            Quantiles = Quantiles.Zip((List<double>)row[5]!).ToDictionary(pair => pair.First.ToString(CultureInfo.InvariantCulture), pair => pair.Second, StringComparer.Ordinal),
            Histogram = new Histogram(numeric.BinEdges, numeric.BinCounts),
            Numeric = numeric,
        };
    }

    /// <summary>A constant has one bin, up to the next number.</summary>
    private static double[] Edges(double[] distinct) => distinct.Length == 1 ? [distinct[0], Math.BitIncrement(distinct[0])] : distinct;

    private static async Task<IReadOnlyList<long>> BinCountsAsync(DuckDBConnection connection, string column, double[] edges, CancellationToken cancellationToken)
    {
        var counts = new long[edges.Length - 1];
        var inner = edges.Skip(1).Take(edges.Length - 2).Select(edge => $"({column}::DOUBLE >= {edge.ToString("R", CultureInfo.InvariantCulture)}::DOUBLE)::INTEGER").Prepend("0");
        await using var command = connection.CreateCommand();
        command.CommandText = $"SELECT {string.Join(" + ", inner)} AS bin, count(*) FROM {Table} WHERE {column} IS NOT NULL GROUP BY bin";
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            counts[reader.GetInt32(0)] = reader.GetInt64(1);
        }

        return counts;
    }

    private static async Task<FeatureSummary> CategoriesAsync(DuckDBConnection connection, string column, FeatureSummary summary, StatisticsRequest request, CancellationToken cancellationToken)
    {
        var distinct = Long((await RowAsync(connection, $"SELECT approx_count_distinct({column}) FROM {Table}", cancellationToken))[0]);
        var top = new List<Category>();
        await using var command = connection.CreateCommand();
        command.CommandText = string.Create(CultureInfo.InvariantCulture, $"SELECT {column}::VARCHAR AS x, count(*) AS n FROM {Table} WHERE {column} IS NOT NULL GROUP BY x ORDER BY n DESC, x LIMIT {request.Top + 1}");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            top.Add(new Category(reader.GetString(0), reader.GetInt64(1)));
        }

        // All categories are known: then they are counted exactly.
        var complete = top.Count <= request.Top;
        var told = top.Take(request.Top).ToArray();
        return summary with
        {
            Distinct = complete ? told.Length : distinct,
            Top = told,
            Other = summary.Count - told.Sum(category => category.Count),
            Categorical = complete ? new CategoricalBaseline { Counts = told.ToDictionary(category => category.Value, category => category.Count, StringComparer.Ordinal) } : null,
        };
    }

    private static async Task<FeatureSummary> ListAsync(DuckDBConnection connection, string column, FeatureSummary summary, CancellationToken cancellationToken)
    {
        var row = await RowAsync(connection, $"SELECT min(len({column})), max(len({column})), avg(len({column})) FROM {Table} WHERE {column} IS NOT NULL", cancellationToken);
        return summary with { Lengths = new ListLengths(Long(row[0]), Long(row[1]), (double)row[2]!) };
    }

    private static long Long(object? value) => Convert.ToInt64(value, CultureInfo.InvariantCulture);

    private static async Task<object?[]> RowAsync(DuckDBConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return [.. Enumerable.Range(0, reader.FieldCount).Select(i => reader.IsDBNull(i) ? null : reader.GetValue(i))];
    }
}

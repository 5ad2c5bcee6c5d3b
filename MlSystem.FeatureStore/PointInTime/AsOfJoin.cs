using System.Globalization;
using System.Text;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Offline;

namespace MlSystem.FeatureStore.PointInTime;

/// <summary>
/// The point-in-time join as one query: for each entity row and view the row with the greatest (event time, created time) whose event time
/// is not after the label time; its values count while label time − event time ≤ TTL. Repeated rows need no clean-up first: the greatest of equal
/// rows is as good as any.
/// </summary>
public static class AsOfJoin
{
    /// <summary>Event time and created time in one number that orders as the pair does: DuckDB's ASOF takes one inequality.</summary>
    private const string RowOrder =
        $"{OfflineColumns.EventUs}::HUGEINT * 9223372036854775808 + {OfflineColumns.CreatedUs}::HUGEINT + 4611686018427387904";

    /// <summary>Behind every row of the label's microsecond.</summary>
    private const string LabelOrder = $"e.{EntityTable.LabelUs}::HUGEINT * 9223372036854775808 + 9223372036854775807";

    /// <param name="filesOf">The Parquet files of a view that can matter.</param>
    public static string Sql(HistoricalRequest request, EntityTable entities, Func<FeatureView, IReadOnlyList<string>> filesOf)
    {
        var sql = new StringBuilder("SELECT ").AppendJoin(", ", entities.Columns.Select(column => "e." + DuckDb.Name(column)));
        var views = request.Views;
        foreach (var feature in request.Features)
        {
            sql.Append(", ").Append(Value(feature, views.ToList().IndexOf(feature.View)));
        }

        sql.Append($" FROM (SELECT e.*, {LabelOrder} AS __label_order FROM entities e) e");
        for (var v = 0; v < views.Count; v++)
        {
            sql.Append(Join(request, views[v], v, filesOf(views[v])));
        }

        return sql.Append($" ORDER BY e.{EntityTable.Row}").ToString();
    }

    private static string Value(HistoricalFeature feature, int view)
    {
        var value = $"v{view}.{DuckDb.Name(feature.Feature)}";
        var valid = feature.View.Ttl is { } ttl
            ? string.Create(CultureInfo.InvariantCulture, $"CASE WHEN e.{EntityTable.LabelUs} - v{view}.{OfflineColumns.EventUs} <= {UnixTime.Microseconds(ttl)} THEN {value} END")
            : value;
        return $"{valid} AS {DuckDb.Name(feature.Name)}";
    }

    private static string Join(HistoricalRequest request, FeatureView view, int ordinal, IReadOnlyList<string> files)
    {
        var columns = view.JoinKeys.Select(key => key.Name)
            .Concat(request.Features.Where(feature => feature.View == view).Select(feature => feature.Feature)).Distinct(StringComparer.Ordinal).Select(DuckDb.Name);
        var on = view.JoinKeys.Select(key => $"e.{DuckDb.Name(key.Name)} = v{ordinal}.{DuckDb.Name(key.Name)}");
        return $" ASOF LEFT JOIN (SELECT {string.Join(", ", columns)}, {OfflineColumns.EventUs}, {RowOrder} AS __order "
            + $"FROM ({DuckDb.Rows(view, files)}) WHERE {OfflineColumns.Offline}) v{ordinal} ON {string.Join(" AND ", on)} AND e.__label_order >= v{ordinal}.__order";
    }
}

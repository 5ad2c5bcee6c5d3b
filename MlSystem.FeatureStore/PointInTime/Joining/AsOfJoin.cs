using System.Text;
using DuckDB.NET.Data;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Offline;
using MlSystem.FeatureStore.PointInTime.Entities;

namespace MlSystem.FeatureStore.PointInTime.Joining;

/// <summary>
/// The point-in-time join: for each entity row and view the row with the greatest (event time, created time) whose event time is not after the
/// label time; its values count while label time − event time ≤ TTL.
/// </summary>
internal static class AsOfJoin
{
    /// <param name="filesOf">The files of a view that can matter.</param>
    /// <returns>A query of the result: the columns of the entity rows, then the features, in the order of the entity rows.</returns>
    public static async Task<string> RunAsync(
        DuckDBConnection connection, HistoricalRequest request, EntityTable entities, Func<FeatureView, IReadOnlyList<OfflineFile>> filesOf, long memoryBytes,
        CancellationToken cancellationToken)
    {
        var views = request.Views.ToList();
        for (var v = 0; v < views.Count; v++)
        {
            var features = request.Features.Where(feature => feature.View == views[v]).ToArray();
            await new ViewJoin(connection, views[v], features, filesOf(views[v])).RunAsync(Table(v), entities, memoryBytes, cancellationToken);
        }

        var columns = entities.Columns.Select(column => "e." + DuckDb.Name(column))
            .Concat(request.Features.Select(feature => Column(feature, Table(views.IndexOf(feature.View)))));
        var sql = new StringBuilder("SELECT ").AppendJoin(", ", columns).Append(" FROM entities e");
        for (var v = 0; v < views.Count; v++)
        {
            sql.Append(" POSITIONAL JOIN ").Append(Table(v));
        }

        return sql.ToString();
    }

    private static string Column(HistoricalFeature feature, string table)
    {
        var column = $"{table}.{DuckDb.Name(feature.Name)}";
        return feature.Datatype.IsList() ? $"{column}::{DuckDb.Type(feature.Datatype)} AS {DuckDb.Name(feature.Name)}" : column;
    }

    private static string Table(int view) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"__view{view}");
}

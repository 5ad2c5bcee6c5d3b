using DuckDB.NET.Data;

namespace MlSystem.FeatureStore.Offline.Compaction;

/// <summary>Writes rows as a compaction leaves them: sorted by join keys and event time, without rows that no reader can tell from their absence.</summary>
public static class CompactedFile
{
    /// <param name="rows">A query with the view's columns and those of <see cref="OfflineColumns"/>.</param>
    /// <param name="keepUnmaterialized">
    /// Keeps a corrected row although its correction went only offline: a materialization between the two took the former online, and a
    /// rebuild of the online store must find it again.
    /// </param>
    public static Task WriteAsync(
        DuckDBConnection connection, IEnumerable<string> joinKeys, string rows, bool keepUnmaterialized, string path, CancellationToken cancellationToken)
    {
        var keys = string.Join(", ", joinKeys.Select(DuckDb.Name));
        return DuckDb.ExecuteAsync(
            connection,
            $"COPY (SELECT * EXCLUDE (__rank, __online_later, __offline_later) FROM ({Ranked(keys, rows, keepUnmaterialized)}) "
            + $"WHERE __rank = 1 OR ({OfflineColumns.Online} AND NOT __online_later) OR ({OfflineColumns.Offline} AND NOT __offline_later) "
            + $"ORDER BY {keys}, {OfflineColumns.EventUs}, {OfflineColumns.CreatedUs}, {OfflineColumns.LoggedUs}) "
            + $"TO {DuckDb.Text(path)} (FORMAT parquet, COMPRESSION snappy)",
            cancellationToken);
    }

    /// <summary>Of rows of one entity and event time a later created one hides the others wherever it is itself to be seen.</summary>
    private static string Ranked(string keys, string rows, bool keepUnmaterialized)
    {
        const string Later = "OVER (w ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), false)";
        if (keepUnmaterialized)
        {
            // A repeated delivery is the same row, logged time included.
            rows = $"SELECT * EXCLUDE (__copy) FROM (SELECT *, row_number() OVER (PARTITION BY {keys}, {OfflineColumns.EventUs}, {OfflineColumns.CreatedUs}, "
                + $"{OfflineColumns.LoggedUs}, {OfflineColumns.Online}, {OfflineColumns.Offline}) AS __copy FROM ({rows})) WHERE __copy = 1";
        }

        var hides = keepUnmaterialized ? $"{OfflineColumns.Offline} AND {OfflineColumns.Online}" : OfflineColumns.Offline;
        return $"SELECT *, row_number() OVER w AS __rank, coalesce(bool_or({OfflineColumns.Online}) {Later} AS __online_later, "
            + $"coalesce(bool_or({hides}) {Later} AS __offline_later FROM ({rows}) "
            + $"WINDOW w AS (PARTITION BY {keys}, {OfflineColumns.EventUs} ORDER BY {OfflineColumns.CreatedUs} DESC, {OfflineColumns.LoggedUs} DESC)";
    }
}

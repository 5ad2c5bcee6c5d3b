using Microsoft.EntityFrameworkCore;
using MlSystem.Monitor.Ingestion;

namespace MlSystem.Monitor.Storage;

/// <summary>Keeps <see cref="ServedCountRow"/>: one statement an arrival, in the transaction that stores its requests for the first time.</summary>
internal static class ServedCounts
{
    /// <summary>The same SQL on SQLite and PostgreSQL.</summary>
    private const string Add = """
        INSERT INTO served_counts("Endpoint", "Revision", "Model", "Version", "Variant", "Role", "Requests", "Predictions", "FirstTime", "LastTime")
        VALUES ({0}, {1}, {2}, {3}, {4}, {5}, {6}, {7}, {8}, {9})
        ON CONFLICT("Endpoint", "Revision", "Model", "Version", "Variant", "Role") DO UPDATE SET
            "Requests" = served_counts."Requests" + excluded."Requests",
            "Predictions" = served_counts."Predictions" + excluded."Predictions",
            "FirstTime" = CASE WHEN excluded."FirstTime" < served_counts."FirstTime" THEN excluded."FirstTime" ELSE served_counts."FirstTime" END,
            "LastTime" = CASE WHEN excluded."LastTime" > served_counts."LastTime" THEN excluded."LastTime" ELSE served_counts."LastTime" END
        """;

    /// <summary>Counts an arrival whose requests are new.</summary>
    public static Task AddAsync(MonitorContext context, Arrival arrival, CancellationToken cancellationToken) => context.Database.ExecuteSqlRawAsync(
        Add,
        [
            arrival.Endpoint, arrival.EndpointRevision, arrival.Model, arrival.Version, arrival.Variant, arrival.Role,
            (long)arrival.Ids.Length, arrival.Rows.Sum(r => (long)r), arrival.Times.Min(), arrival.Times.Max(),
        ],
        cancellationToken);
}

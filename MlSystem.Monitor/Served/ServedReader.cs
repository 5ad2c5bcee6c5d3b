using Microsoft.EntityFrameworkCore;
using MlSystem.Monitor.Storage;

namespace MlSystem.Monitor.Served;

/// <summary>Reads what one version answered, whatever the number of predictions: from kept counts.</summary>
internal sealed class ServedReader(IDbContextFactory<MonitorContext> contexts)
{
    public async Task<ServedVersion> ReadAsync(string model, int version, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var counts = await context.ServedCounts.AsNoTracking().Where(c => c.Model == model && c.Version == version)
            .OrderBy(c => c.Endpoint).ThenBy(c => c.Revision).ThenBy(c => c.Variant).ThenBy(c => c.Role).ToListAsync(cancellationToken);
        return new ServedVersion
        {
            Model = model,
            Version = version,
            Served = [.. counts.Select(count => new ServedCount
            {
                Endpoint = count.Endpoint,
                EndpointRevision = count.Revision == 0 ? null : count.Revision,
                Variant = count.Variant,
                Role = count.Role,
                Requests = count.Requests,
                Predictions = count.Predictions,
                FirstPredictionAt = DateTimeOffset.FromUnixTimeMilliseconds(count.FirstTime),
                LastPredictionAt = DateTimeOffset.FromUnixTimeMilliseconds(count.LastTime),
            })],
        };
    }
}

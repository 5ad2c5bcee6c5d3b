using System.Globalization;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using MlSystem.Registry.Storage;

namespace MlSystem.Registry.Serving;

/// <summary>Reads serving state: now, at a moment, and its history.</summary>
internal sealed class EndpointReader(RegistryDatabase database)
{
    // Compiled: every replica of inference asks these all the time. Per instance, since a compiled query belongs to one provider's model.
    private readonly Func<RegistryContext, IAsyncEnumerable<EndpointRevision>> _current = EF.CompileAsyncQuery(
        (RegistryContext db) => db.Endpoints
            .Join(db.EndpointRevisions, e => new { e.Name, e.Revision }, r => new { r.Name, r.Revision }, (_, r) => r)
            .OrderBy(r => r.Name)
            .AsQueryable());

    private readonly Func<RegistryContext, Task<long>> _generation = EF.CompileAsyncQuery(
        (RegistryContext db) => db.Endpoints.Sum(e => e.Revision));

    /// <summary>All endpoints and the generation of this state, from one query.</summary>
    public async Task<(IReadOnlyList<Endpoint> Endpoints, long Generation)> AllAsync(CancellationToken cancellationToken)
    {
        await using var db = database.Read();
        var endpoints = new List<Endpoint>();
        await foreach (var revision in _current(db).WithCancellation(cancellationToken))
        {
            endpoints.Add(ToEndpoint(revision));
        }

        return (endpoints, endpoints.Sum(e => e.Revision));
    }

    /// <summary>Grows by one with every revision of any endpoint: revisions only increase and endpoints are never removed.</summary>
    public async Task<long> GenerationAsync()
    {
        await using var db = database.Read();
        return await _generation(db);
    }

    /// <summary>The current revision, or the one in force at a moment.</summary>
    public async Task<Endpoint?> FindAsync(string name, DateTimeOffset? at, CancellationToken cancellationToken)
    {
        await using var db = database.Read();
        var moment = at?.ToUnixTimeMilliseconds() ?? long.MaxValue;
        var revision = await db.EndpointRevisions.Where(r => r.Name == name && r.CreatedAt <= moment).OrderByDescending(r => r.Revision).FirstOrDefaultAsync(cancellationToken);
        return revision is null ? null : ToEndpoint(revision);
    }

    /// <summary>Revisions below <paramref name="before"/>, newest first.</summary>
    public async Task<IReadOnlyList<Endpoint>> HistoryAsync(string name, long before, int max, CancellationToken cancellationToken)
    {
        await using var db = database.Read();
        var revisions = await db.EndpointRevisions.Where(r => r.Name == name && r.Revision < before).OrderByDescending(r => r.Revision).Take(max).ToListAsync(cancellationToken);
        return [.. revisions.Select(ToEndpoint)];
    }

    internal static string ETag(long number) => string.Create(CultureInfo.InvariantCulture, $"\"{number}\"");

    internal static EndpointState State(EndpointRevision revision) => JsonSerializer.Deserialize(revision.State, ServingJson.Default.EndpointState)!;

    internal static Endpoint ToEndpoint(EndpointRevision revision)
    {
        var state = State(revision);
        return new()
        {
            Name = revision.Name,
            Revision = revision.Revision,
            Variants = state.Variants,
            Policy = state.Policy,
            Limits = state.Limits,
            Batching = state.Batching,
            Features = state.Features,
            Cache = state.Cache,
            Logging = state.Logging,
            Pinned = state.Pinned,
            Author = revision.Author,
            Reason = revision.Reason,
            CreatedAt = DateTimeOffset.FromUnixTimeMilliseconds(revision.CreatedAt),
        };
    }
}

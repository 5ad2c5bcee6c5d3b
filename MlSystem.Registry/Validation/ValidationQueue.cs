using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using MlSystem.Registry.Storage;

namespace MlSystem.Registry.Validation;

/// <summary>
/// Pending versions, and who has claimed them: a claim keeps replicas from doing the same work, and runs out when its owner died.
/// Models take turns: of those that have a version waiting the one comes next of which the fewest are under way here, and of these
/// the one whose last turn is longest ago. Used by one loop at a time.
/// </summary>
internal sealed class ValidationQueue(RegistryDatabase database, IOptions<ValidationOptions> options, TimeProvider time)
{
    /// <summary>Of a version that can't be judged yet, until it is looked at again.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ClaimMargin = TimeSpan.FromSeconds(30);
    private readonly Dictionary<long, long> _turns = [];
    private long _turn;

    /// <summary>Where this process owns the database, a claim found at the start is that of a killed predecessor: it ends, and its version comes behind the others.</summary>
    public async Task ForgetClaimsAsync(CancellationToken cancellationToken)
    {
        await using var read = database.Read();
        if (read.SingleWriter)
        {
            await SetClaimAsync(db => db.Versions.Where(v => v.Status == VersionStatus.Pending && v.ValidationClaimedUntil > 1), until: 1, cancellationToken);
        }
    }

    /// <summary>Claims the next version; null when none waits.</summary>
    /// <param name="running">Model ids of the validations under way.</param>
    public async Task<ModelVersion?> ClaimAsync(IReadOnlyCollection<long> running, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        foreach (var model in await ModelsAsync(running, now.ToUnixTimeMilliseconds(), cancellationToken))
        {
            await using var read = database.Read();
            var next = await Waiting(read, now.ToUnixTimeMilliseconds()).Where(v => v.ModelId == model)
                .OrderBy(v => v.ValidationClaimedUntil).ThenBy(v => v.Version).FirstOrDefaultAsync(cancellationToken);
            var until = now.AddSeconds(options.Value.TimeoutSeconds).Add(ClaimMargin).ToUnixTimeMilliseconds();
            if (next is not null && await SetClaimAsync(db => One(db, next).Where(v => v.ValidationClaimedUntil == next.ValidationClaimedUntil), until, cancellationToken) == 1)
            {
                _turns[model] = ++_turn;
                return next;
            }
        }

        return null;
    }

    /// <summary>Gives a claim back, to be tried again soon.</summary>
    public Task PostponeAsync(ModelVersion version, CancellationToken cancellationToken) =>
        SetClaimAsync(db => One(db, version), time.GetUtcNow().Add(Pause).ToUnixTimeMilliseconds(), cancellationToken);

    private static IQueryable<ModelVersion> Waiting(RegistryContext db, long now) => db.Versions.Where(v => v.Status == VersionStatus.Pending && v.ValidationClaimedUntil <= now);

    private static IQueryable<ModelVersion> One(RegistryContext db, ModelVersion version) =>
        db.Versions.Where(v => v.ModelId == version.ModelId && v.Version == version.Version && v.Status == VersionStatus.Pending);

    /// <summary>The models that have a version waiting, the one whose turn it is first.</summary>
    private async Task<List<long>> ModelsAsync(IReadOnlyCollection<long> running, long now, CancellationToken cancellationToken)
    {
        await using var db = database.Read();
        var models = await Waiting(db, now).GroupBy(v => v.ModelId)
            .Select(g => new { Model = g.Key, Claimed = g.Min(v => v.ValidationClaimedUntil), Created = g.Min(v => v.CreationTime) }).ToListAsync(cancellationToken);
        foreach (var gone in _turns.Keys.Except(models.Select(m => m.Model)).Except(running).ToList())
        {
            _turns.Remove(gone);
        }

        return [.. models
            // Those that were claimed before come last: what fails again and again does not hold up the others.
            .OrderBy(m => m.Claimed).ThenBy(m => running.Count(r => r == m.Model)).ThenBy(m => _turns.GetValueOrDefault(m.Model)).ThenBy(m => m.Created).ThenBy(m => m.Model)
            .Select(m => m.Model)];
    }

    private Task<int> SetClaimAsync(Func<RegistryContext, IQueryable<ModelVersion>> versions, long until, CancellationToken cancellationToken) => database.WriteAsync(
        db =>
        {
            db.Audit.PassNext();
            return versions(db).ExecuteUpdateAsync(v => v.SetProperty(x => x.ValidationClaimedUntil, until), cancellationToken);
        },
        cancellationToken);
}

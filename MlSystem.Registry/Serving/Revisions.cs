using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using MlSystem.Contracts;
using MlSystem.Registry.Events;
using MlSystem.Registry.Models;
using MlSystem.Registry.Promotions;
using MlSystem.Registry.Storage;

namespace MlSystem.Registry.Serving;

/// <summary>Makes the next revision of an endpoint inside a transaction, with its event and the alias that follows it.</summary>
internal static class Revisions
{
    /// <summary>Makes a version the whole live traffic of the endpoint of its model's name; shadows of other versions stay. The model's row must be locked.</summary>
    public static async Task ServeWhollyAsync(RegistryContext db, string model, int version, Caller caller, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var current = await CurrentAsync(db, model, cancellationToken);
        var before = current is null ? null : EndpointReader.State(current);
        if (before is not null && WhollyServed(before, model) == version)
        {
            return;
        }

        var champion = new EndpointVariant { Name = AliasStore.Champion, Model = model, Version = version };
        var shadows = (before?.Variants ?? []).Where(v => v.Role == VariantRole.Shadow && v.Name != champion.Name && (v.Model, v.Version) != (model, version));
        var state = (before ?? new EndpointState { Variants = [] }) with { Variants = [champion, .. shadows] };
        await AddAsync(db, model, state, new(caller, now, $"Alias '{AliasStore.Champion}' was set on version {version}"), cancellationToken);
    }

    /// <summary>Adds the next revision. The endpoint's row is locked until the commit, so revisions are consecutive and their order is that of their events.</summary>
    public static async Task<EndpointRevision> AddAsync(RegistryContext db, string name, EndpointState state, RevisionCause cause, CancellationToken cancellationToken)
    {
        if (cause.RestoredRevision is null)
        {
            var before = await CurrentAsync(db, name, cancellationToken);
            await Approvals.RequireAsync(db, name, before is null ? null : EndpointReader.State(before), state, cancellationToken);
        }

        var created = cause.Time.ToUnixTimeMilliseconds();
        db.Audit.PassNext();
        if (await db.Endpoints.Where(e => e.Name == name).ExecuteUpdateAsync(e => e.SetProperty(x => x.Revision, x => x.Revision + 1), cancellationToken) == 0)
        {
            db.Endpoints.Add(new() { Name = name, Revision = 1 });
            await db.SaveChangesAsync(cancellationToken);
        }

        var number = await db.Endpoints.Where(e => e.Name == name).Select(e => e.Revision).FirstAsync(cancellationToken);
        var last = await db.EndpointRevisions.Where(r => r.Name == name).MaxAsync(r => (long?)r.CreatedAt, cancellationToken) ?? 0;
        var revision = new EndpointRevision
        {
            Name = name,
            Revision = number,
            State = JsonSerializer.Serialize(state, ServingJson.Default.EndpointState),
            Author = cause.Caller.Name,
            Reason = cause.Reason,
            RestoredRevision = cause.RestoredRevision,
            // Replicas' clocks differ; a look-up by time needs revisions in the order of time.
            CreatedAt = Math.Max(created, last),
        };
        db.EndpointRevisions.Add(revision);
        db.RevisionVariants.AddRange(state.Variants.Select(v => new RevisionVariant
        {
            Endpoint = name, Revision = number, Variant = v.Name, Model = v.Model, Version = v.Version, Role = v.Role, Weight = v.Weight,
        }));
        db.Emit(name, Change.By(cause.Caller, cause.Time, RegistryChange.EndpointRevised) with { Endpoint = name, Revision = number });
        await FollowAsync(db, name, state, cause, cancellationToken);
        return revision;
    }

    public static async Task<EndpointRevision?> CurrentAsync(RegistryContext db, string name, CancellationToken cancellationToken) =>
        await db.EndpointRevisions.AsNoTracking().FirstOrDefaultAsync(r => r.Name == name && db.Endpoints.Any(e => e.Name == name && e.Revision == r.Revision), cancellationToken);

    /// <summary>Locks the models of a state, in one order, and finds what keeps each variant from serving.</summary>
    public static async Task LockAndCheckAsync(RegistryContext db, string endpoint, EndpointState state, Errors errors, CancellationToken cancellationToken)
    {
        foreach (var name in state.Variants.Select(v => v.Model).Append(endpoint).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            db.Audit.PassNext();
            await db.Models.Where(m => m.Name == name).ExecuteUpdateAsync(m => m.SetProperty(x => x.LastVersion, x => x.LastVersion), cancellationToken);
        }

        var names = state.Variants.Select(v => v.Model).Distinct().ToList();
        var numbers = state.Variants.Select(v => v.Version).Distinct().ToList();
        var versions = await db.Versions.Where(v => numbers.Contains(v.Version))
            .Join(db.Models.Where(m => names.Contains(m.Name)), v => v.ModelId, m => m.ModelId, (v, m) => new { m.Name, v.Version, v.Status, v.Reason })
            .ToDictionaryAsync(v => (v.Name, v.Version), cancellationToken);
        for (var i = 0; i < state.Variants.Count; i++)
        {
            var (model, version) = (state.Variants[i].Model, state.Variants[i].Version);
            if (!versions.TryGetValue((model, version), out var found))
            {
                errors.Add($"variants[{i}].version", $"model '{model}' has no version {version}");
            }
            else if (found.Status != VersionStatus.Servable)
            {
                errors.Add($"variants[{i}].version", $"version {version} of model '{model}' is {found.Status}, not servable" + (found.Reason is null ? "" : $": {found.Reason}"));
            }
        }
    }

    /// <summary>The alias is a view of what serves: it follows when one version of the endpoint's own model has all live traffic.</summary>
    private static async Task FollowAsync(RegistryContext db, string name, EndpointState state, RevisionCause cause, CancellationToken cancellationToken)
    {
        if (WhollyServed(state, name) is { } version && await db.Models.FirstOrDefaultAsync(m => m.Name == name, cancellationToken) is { } model)
        {
            await db.SaveChangesAsync(cancellationToken);
            await AliasStore.PointAsync(db, model, AliasStore.Champion, version, cause.Caller, cause.Time, cancellationToken);
            await StageStore.FollowAsync(db, model, version, cause.Caller, cause.Time, cancellationToken);
        }
    }

    private static int? WhollyServed(EndpointState state, string model)
    {
        var live = state.Variants.Where(v => v is { Role: VariantRole.Live, Weight: > 0 }).ToList();
        return live is [var only] && only.Model == model ? only.Version : null;
    }
}

/// <summary>Who makes a revision, when and why.</summary>
internal sealed record RevisionCause(Caller Caller, DateTimeOffset Time, string Reason, long? RestoredRevision = null);

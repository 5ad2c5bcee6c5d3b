using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using MlSystem.Registry.Storage;

namespace MlSystem.Registry.Audit;

/// <summary>
/// Collects what one transaction changes. What is saved through the change tracker is found by itself; a statement that changes
/// audited tables past it is recorded by its caller, and a transaction in which that was forgotten is refused.
/// </summary>
internal sealed class AuditTrail
{
    private readonly List<AuditDraft> _drafts = [];
    private readonly Dictionary<object, AuditDraft> _byRow = new(ReferenceEqualityComparer.Instance);
    private readonly HashSet<string> _touched = [];
    private bool _recorded;
    private int _passes;

    public IReadOnlyList<AuditDraft> Drafts => _drafts;

    /// <summary>Names of registered models, of deleted ones too.</summary>
    public Dictionary<long, string> ModelNames { get; } = [];

    /// <summary>Notes that a statement changed a table past the change tracker.</summary>
    public void Touch(string table)
    {
        if (_passes > 0)
        {
            _passes--;
        }
        else
        {
            _touched.Add(table);
        }
    }

    /// <summary>Lets the next statement on an audited table pass: it takes a lock or keeps books, and changes nothing that the audit tells.</summary>
    public void PassNext() => _passes++;

    /// <summary>Records what a statement changed.</summary>
    public void Record(string action, string resource, JsonObject? before = null, JsonObject? after = null, long? modelId = null)
    {
        _recorded = true;
        _drafts.Add(new(action, resource, modelId) { Before = before, After = after });
    }

    /// <summary>Says that all that statements have changed is recorded, also where that was nothing.</summary>
    public void Recorded() => _recorded = true;

    /// <summary>Records tags of one row, set (or, with a null value, removed) by a statement; nothing when they had these values.</summary>
    public void Tags(object owner, IReadOnlyDictionary<string, string> before, IEnumerable<KeyValuePair<string, string?>> after)
    {
        _recorded = true;
        foreach (var (key, value) in after)
        {
            if (before.GetValueOrDefault(key) != value)
            {
                Tag(owner, key, before.GetValueOrDefault(key), value);
            }
        }
    }

    /// <summary>Looks at what is about to be saved.</summary>
    /// <returns>What to look at again when it is saved and has its keys.</returns>
    public List<(EntityEntry Entry, bool Added)> BeforeSave(ChangeTracker tracker)
    {
        var pending = new List<(EntityEntry, bool)>();
        foreach (var entry in tracker.Entries().ToList())
        {
            if (entry.Entity is RegisteredModel { ModelId: > 0 } model)
            {
                ModelNames[model.ModelId] = model.Name;
            }

            if (entry.State is EntityState.Added)
            {
                pending.Add((entry, true));
            }
            else if (entry.State is EntityState.Modified)
            {
                Modified(entry);
                pending.Add((entry, false));
            }
            else if (entry.State is EntityState.Deleted)
            {
                Deleted(entry);
            }
        }

        return pending;
    }

    public void AfterSave(List<(EntityEntry Entry, bool Added)> pending)
    {
        foreach (var (entry, added) in pending)
        {
            if (entry.Entity is RegisteredModel model)
            {
                ModelNames[model.ModelId] = model.Name;
            }

            if (_byRow.TryGetValue(entry.Entity, out var known))
            {
                known.After = AuditedState.Values(entry.CurrentValues, known.Before is null ? null : [.. Names(entry, known.Before)]);
            }
            else if (added)
            {
                Added(entry);
            }
        }
    }

    /// <summary>Refuses a transaction that changed audited state without a trace: a mistake in the registry itself.</summary>
    public void RequireComplete()
    {
        if (_touched.Count > 0 && !_recorded)
        {
            throw new InvalidOperationException($"A change of {string.Join(", ", _touched)} was not recorded in the audit.");
        }
    }

    private static IEnumerable<string> Names(EntityEntry entry, JsonObject fields) =>
        entry.Properties.Select(p => p.Metadata.Name).Where(n => fields.ContainsKey(System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(n)));

    private void Added(EntityEntry entry)
    {
        if (AuditedState.TagOwner(entry.Entity) is not null)
        {
            Tag(entry.Entity, (string)entry.CurrentValues["Key"]!, null, (string)entry.CurrentValues["Value"]!);
        }
        else if (entry.Entity is not ArtifactEntry && AuditedState.Draft(entry.Entity) is { } draft)
        {
            draft.Action += entry.Entity is EndpointRevision ? ".revised" : ".created";
            draft.After = AuditedState.Values(entry.CurrentValues);
            Add(entry.Entity, draft);
        }
    }

    private void Modified(EntityEntry entry)
    {
        if (AuditedState.TagOwner(entry.Entity) is not null)
        {
            Tag(entry.Entity, (string)entry.CurrentValues["Key"]!, (string)entry.OriginalValues["Value"]!, (string)entry.CurrentValues["Value"]!);
            return;
        }

        var changed = AuditedState.Changed(entry);
        if (AuditedState.Draft(entry.Entity) is not { } draft || (changed.Count == 0 && !AuditedState.SecretChanged(entry)))
        {
            return;
        }

        var before = AuditedState.Values(entry.OriginalValues, changed);
        if (_byRow.TryGetValue(entry.Entity, out var known))
        {
            foreach (var (field, value) in known.Before is null ? [] : before.Where(f => !known.Before.ContainsKey(f.Key)).ToList())
            {
                known.Before![field] = value?.DeepClone();
            }

            return;
        }

        draft.Action += changed.Contains("LifecycleStage") ? (string)entry.CurrentValues["LifecycleStage"]! == LifecycleStage.Deleted ? ".deleted" : ".restored"
            : changed.Count == 0 ? ".secret_changed" : ".updated";
        draft.Before = before;
        Add(entry.Entity, draft);
    }

    private void Deleted(EntityEntry entry)
    {
        if (AuditedState.TagOwner(entry.Entity) is not null)
        {
            Tag(entry.Entity, (string)entry.OriginalValues["Key"]!, (string)entry.OriginalValues["Value"]!, null);
        }
        else if (AuditedState.Draft(entry.Entity) is { } draft)
        {
            draft.Action += ".deleted";
            draft.Before = AuditedState.Values(entry.OriginalValues);
            Add(entry.Entity, draft);
        }
    }

    private void Tag(object row, string key, string? before, string? after)
    {
        var owner = AuditedState.TagOwner(row)!;
        var draft = _drafts.Find(d => d.Action == owner.Action && d.Resource == owner.Resource && d.ModelId == owner.ModelId);
        if (draft is null)
        {
            draft = owner;
            draft.Before = [];
            draft.After = [];
            _drafts.Add(draft);
        }

        draft.Before![key] = before;
        draft.After![key] = after;
    }

    private void Add(object row, AuditDraft draft)
    {
        _byRow[row] = draft;
        _drafts.Add(draft);
    }
}

using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using MlSystem.Registry.Storage;

namespace MlSystem.Registry.Audit;

/// <summary>Appends a transaction's changes to the chain.</summary>
internal static class AuditChain
{
    /// <summary>
    /// The last step of a transaction: the head's row is locked until the commit, so that concurrent writers make one chain, and nothing
    /// else is locked behind it, so that they can't wait for each other in a circle.
    /// </summary>
    public static async Task AppendAsync(RegistryContext db, Caller caller, DateTimeOffset now, CancellationToken cancellationToken)
    {
        db.Audit.RequireComplete();
        var drafts = db.Audit.Drafts;
        if (drafts.Count == 0)
        {
            return;
        }

        var names = await NamesAsync(db, cancellationToken);
        await PreviousStatesAsync(db, drafts, cancellationToken);
        await db.AuditHeads.ExecuteUpdateAsync(h => h.SetProperty(x => x.Sequence, x => x.Sequence), cancellationToken);
        var head = await db.AuditHeads.SingleAsync(cancellationToken);
        foreach (var draft in drafts)
        {
            var resource = draft.ModelId is { } id ? draft.Resource.Replace(AuditedState.ModelName, names.GetValueOrDefault(id, Text(id)), StringComparison.Ordinal) : draft.Resource;
            var entry = Entry(draft, resource, head, caller, now);
            db.AuditEntries.Add(entry);
            (head.Sequence, head.Hash) = (entry.Sequence, entry.Hash);
        }

        await db.SaveChangesAsync(cancellationToken);
    }

    private static AuditEntry Entry(AuditDraft draft, string resource, AuditHead head, Caller caller, DateTimeOffset now)
    {
        var salt = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        var content = draft.Content();
        var entry = new AuditEntry
        {
            Sequence = head.Sequence + 1,
            Time = now.ToUnixTimeMilliseconds(),
            Principal = caller.Name,
            Action = draft.Action,
            Resource = resource,
            RequestId = caller.RequestId,
            Content = content,
            Salt = salt,
            ContentSha256 = AuditHash.OfContent(salt, content),
            PreviousHash = head.Hash,
        };
        entry.Hash = AuditHash.Of(entry);
        return entry;
    }

    private static async Task<Dictionary<long, string>> NamesAsync(RegistryContext db, CancellationToken cancellationToken)
    {
        var names = db.Audit.ModelNames;
        var missing = db.Audit.Drafts.Select(d => d.ModelId).OfType<long>().Where(id => !names.ContainsKey(id)).Distinct().ToList();
        foreach (var model in missing.Count == 0 ? [] : await db.Models.AsNoTracking().Where(m => missing.Contains(m.ModelId)).ToListAsync(cancellationToken))
        {
            names[model.ModelId] = model.Name;
        }

        return names;
    }

    /// <summary>An endpoint's revision is a row of its own: what it replaces is the one before.</summary>
    private static async Task PreviousStatesAsync(RegistryContext db, IReadOnlyList<AuditDraft> drafts, CancellationToken cancellationToken)
    {
        foreach (var draft in drafts.Where(d => d.Action == "endpoint.revised"))
        {
            var (name, before) = (draft.After!["name"]!.GetValue<string>(), draft.After["revision"]!.GetValue<long>() - 1);
            var state = await db.EndpointRevisions.AsNoTracking().Where(r => r.Name == name && r.Revision == before).Select(r => r.State).FirstOrDefaultAsync(cancellationToken);
            draft.Before = state is null ? null : new JsonObject { ["revision"] = before, ["state"] = JsonNode.Parse(state) };
        }
    }

    private static string Text(long id) => id.ToString(CultureInfo.InvariantCulture);
}

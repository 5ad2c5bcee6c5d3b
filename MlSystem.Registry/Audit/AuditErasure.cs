using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using MlSystem.Registry.Storage;

namespace MlSystem.Registry.Audit;

/// <summary>Erases what the audit tells of a data subject's runs, without breaking the chain: hashes cover digests, not contents.</summary>
internal static class AuditErasure
{
    public const string Action = "data_subject.erased";

    /// <summary>
    /// Takes the content (before, after) out of all entries about the runs and their artifacts, and records that with the sequences:
    /// a content that is missing without such a record is reported as a manipulation.
    /// </summary>
    public static async Task RecordAsync(RegistryContext db, string subject, IReadOnlyList<string> runs, int artifacts, int inputs, CancellationToken cancellationToken)
    {
        var redacted = new List<long>();
        foreach (var run in runs)
        {
            // Paths of artifacts hold the run's id.
            var (resource, below) = ($"runs/{run}", $"artifacts/%{run}%");
            var entries = db.AuditEntries.Where(e => e.Content != null && (e.Resource == resource || EF.Functions.Like(e.Resource, below)));
            redacted.AddRange(await entries.Select(e => e.Sequence).ToListAsync(cancellationToken));
            await entries.ExecuteUpdateAsync(e => e.SetProperty(x => x.Content, (string?)null).SetProperty(x => x.Salt, (string?)null), cancellationToken);
        }

        var salt = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        db.Audit.Record(Action, "data-subjects/" + AuditHash.OfContent(salt, subject), after: new()
        {
            ["subject_salt"] = salt,
            ["runs"] = new JsonArray([.. runs]),
            ["artifacts"] = artifacts,
            ["inputs"] = inputs,
            ["redacted"] = new JsonArray([.. redacted.Order()]),
        });
    }

    /// <summary>The sequences that the registry itself has erased the content of.</summary>
    public static async Task<HashSet<long>> RedactedAsync(RegistryContext db, CancellationToken cancellationToken)
    {
        var found = new HashSet<long>();
        foreach (var content in await db.AuditEntries.Where(e => e.Action == Action && e.Content != null).Select(e => e.Content!).ToListAsync(cancellationToken))
        {
            using var json = JsonDocument.Parse(content);
            found.UnionWith(json.RootElement.GetProperty("after").GetProperty("redacted").EnumerateArray().Select(s => s.GetInt64()));
        }

        return found;
    }
}

using System.Runtime.CompilerServices;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using MlSystem.Registry.Storage;

namespace MlSystem.Registry.Audit;

/// <summary>Which entries: all conditions that are set hold.</summary>
/// <param name="Resource">It, and what is below it.</param>
/// <param name="From">Inclusive.</param>
/// <param name="To">Exclusive.</param>
internal sealed record AuditFilter(string? Principal, string? Action, string? Resource, DateTimeOffset? From, DateTimeOffset? To)
{
    public IQueryable<AuditEntry> Apply(IQueryable<AuditEntry> entries)
    {
        var (from, to) = (From?.ToUnixTimeMilliseconds() ?? 0, To?.ToUnixTimeMilliseconds() ?? long.MaxValue);
        // '0' is the character behind '/'.
        var (below, behind) = (Resource + "/", Resource + "0");
        entries = entries.Where(e => e.Time >= from && e.Time < to);
        entries = Principal is null ? entries : entries.Where(e => e.Principal == Principal);
        entries = Action is null ? entries : entries.Where(e => e.Action == Action);
        return Resource is null ? entries
            : entries.Where(e => e.Resource == Resource || (string.Compare(e.Resource, below) >= 0 && string.Compare(e.Resource, behind) < 0));
    }
}

/// <summary>Reads the audit.</summary>
internal sealed class AuditReader(RegistryDatabase database)
{
    private const int Chunk = 500;

    /// <summary>Newest first, those before a sequence.</summary>
    public async Task<AuditPage> PageAsync(AuditFilter filter, long before, int max, CancellationToken cancellationToken)
    {
        await using var db = database.Read();
        var entries = await filter.Apply(db.AuditEntries).Where(e => e.Sequence < before).OrderByDescending(e => e.Sequence).Take(max + 1).ToListAsync(cancellationToken);
        return new([.. entries.Take(max).Select(View)], entries.Count > max ? entries[max - 1].Sequence : null);
    }

    /// <summary>All, oldest first, read in chunks: an export of any length needs little memory and holds no lock.</summary>
    public async IAsyncEnumerable<AuditEntry> AllAsync(AuditFilter filter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var db = database.Read();
        var last = 0L;
        while (true)
        {
            var chunk = await filter.Apply(db.AuditEntries).Where(e => e.Sequence > last).OrderBy(e => e.Sequence).Take(Chunk).ToListAsync(cancellationToken);
            foreach (var entry in chunk)
            {
                yield return entry;
                last = entry.Sequence;
            }

            if (chunk.Count < Chunk)
            {
                yield break;
            }
        }
    }

    public static AuditView View(AuditEntry entry)
    {
        var content = entry.Content is null ? default(JsonElement?) : JsonElement.Parse(entry.Content);
        return new(
            entry.Sequence,
            DateTimeOffset.FromUnixTimeMilliseconds(entry.Time),
            entry.Principal,
            entry.Action,
            entry.Resource,
            entry.RequestId,
            Part(content, "before"),
            Part(content, "after"),
            entry.Content is null,
            entry.Salt,
            entry.ContentSha256,
            entry.PreviousHash,
            entry.Hash);
    }

    private static JsonElement? Part(JsonElement? content, string name) =>
        content is { ValueKind: JsonValueKind.Object } found && found.TryGetProperty(name, out var part) && part.ValueKind != JsonValueKind.Null ? part : null;
}

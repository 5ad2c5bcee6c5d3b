using System.Globalization;
using Microsoft.EntityFrameworkCore;
using MlSystem.Registry.Storage;

namespace MlSystem.Registry.Audit;

/// <summary>Recomputes the chain and finds what was altered, removed, reordered or cut off behind the registry's back.</summary>
internal sealed class AuditVerifier(RegistryDatabase database, AuditAnchor anchor)
{
    public const int MaxProblems = 1000;

    public async Task<AuditVerdict> VerifyAsync(CancellationToken cancellationToken)
    {
        await using var db = database.Read();
        // In this order: what is appended meanwhile lies behind the head that is read last, and is left for the next verification.
        var anchored = await anchor.ReadAsync(cancellationToken);
        var highest = await db.AuditEntries.MaxAsync(e => (long?)e.Sequence, cancellationToken) ?? 0;
        var row = await db.AuditHeads.FirstOrDefaultAsync(cancellationToken);
        var head = row is null ? new(highest, "") : new AuditPoint(row.Sequence, row.Hash);
        var walk = new AuditWalk(db, head, anchored);
        await walk.RunAsync(Math.Max(highest, head.Sequence), cancellationToken);
        return new(walk.Problems.Count == 0, walk.Entries, head, anchored, walk.Problems, walk.Problems.Count >= MaxProblems);
    }
}

/// <summary>One walk along the chain.</summary>
internal sealed class AuditWalk(RegistryContext db, AuditPoint head, AuditPoint? anchored)
{
    private const int Chunk = 1000;
    private readonly List<AuditProblem> _problems = [];
    private readonly List<long> _withoutContent = [];
    private long _last;
    private bool _lastMoved;
    private string _lastHash = AuditHash.Genesis;

    public IReadOnlyList<AuditProblem> Problems => [.. _problems.OrderBy(p => p.Sequence)];

    public long Entries { get; private set; }

    public async Task RunAsync(long until, CancellationToken cancellationToken)
    {
        while (_problems.Count < AuditVerifier.MaxProblems)
        {
            var chunk = await db.AuditEntries.Where(e => e.Sequence > _last && e.Sequence <= until).OrderBy(e => e.Sequence).Take(Chunk).ToListAsync(cancellationToken);
            foreach (var entry in chunk)
            {
                await LookAsync(entry, cancellationToken);
            }

            if (chunk.Count < Chunk)
            {
                await EndAsync(cancellationToken);
                return;
            }
        }
    }

    private async Task LookAsync(AuditEntry entry, CancellationToken cancellationToken)
    {
        Entries++;
        if (entry.Sequence != _last + 1)
        {
            Add(_last + 1, "removed", entry.Sequence == _last + 2 ? $"Entry {Text(_last + 1)} is missing." : $"Entries {Text(_last + 1)} to {Text(entry.Sequence - 1)} are missing.");
        }
        else if (!_lastMoved && entry.PreviousHash != _lastHash && AuditHash.Of(entry) == entry.Hash)
        {
            Add(entry.Sequence, "altered", $"Entry {Text(entry.Sequence)} names another predecessor than entry {Text(_last)} is now: that, or both, were exchanged.");
        }

        _lastMoved = AuditHash.Of(entry) != entry.Hash;
        if (_lastMoved)
        {
            await HashAsync(entry, cancellationToken);
        }

        Content(entry);
        Anchor(entry);
        if (entry.Sequence > head.Sequence)
        {
            Add(entry.Sequence, "inserted", $"Entry {Text(entry.Sequence)} lies behind the recorded end of the chain, {Text(head.Sequence)}.");
        }

        (_last, _lastHash) = (entry.Sequence, entry.Hash);
    }

    /// <summary>An entry that is whole at the place behind the one that it names was moved from there.</summary>
    private async Task HashAsync(AuditEntry entry, CancellationToken cancellationToken)
    {
        var original = entry.PreviousHash == AuditHash.Genesis ? 1
            : await db.AuditEntries.Where(e => e.Hash == entry.PreviousHash).Select(e => (long?)e.Sequence).FirstOrDefaultAsync(cancellationToken) + 1;
        var moved = original is { } place && AuditHash.Of(entry, place) == entry.Hash ? place : Nearby(entry);
        if (moved is { } from)
        {
            Add(entry.Sequence, "reordered", $"Entry {Text(entry.Sequence)} was written as entry {Text(from)}.");
        }
        else
        {
            Add(entry.Sequence, "altered", $"Entry {Text(entry.Sequence)} does not have the hash that it was written with.");
        }
    }

    /// <summary>Where its predecessor was moved too, the place is looked for nearby.</summary>
    private static long? Nearby(AuditEntry entry)
    {
        for (var distance = 1; distance <= Chunk; distance++)
        {
            if (AuditHash.Of(entry, entry.Sequence - distance) == entry.Hash)
            {
                return entry.Sequence - distance;
            }

            if (AuditHash.Of(entry, entry.Sequence + distance) == entry.Hash)
            {
                return entry.Sequence + distance;
            }
        }

        return null;
    }

    private void Content(AuditEntry entry)
    {
        if (entry.Content is null)
        {
            _withoutContent.Add(entry.Sequence);
        }
        else if (AuditHash.OfContent(entry.Salt ?? "", entry.Content) != entry.ContentSha256)
        {
            Add(entry.Sequence, "content_altered", $"What entry {Text(entry.Sequence)} says of before and after does not have the digest that it was written with.");
        }
    }

    private void Anchor(AuditEntry entry)
    {
        if (anchored is not null && entry.Sequence == anchored.Sequence && entry.Hash != anchored.Hash)
        {
            Add(entry.Sequence, "altered", $"Entry {Text(entry.Sequence)} has another hash than the anchor beside the database: the chain was written anew up to here.");
        }
    }

    private async Task EndAsync(CancellationToken cancellationToken)
    {
        var end = Math.Max(head.Sequence, anchored?.Sequence ?? 0);
        if (_last < end)
        {
            Add(_last + 1, "truncated", $"The chain ends with entry {Text(_last)}; it went on to at least {Text(end)}.");
        }
        else if (_last == head.Sequence && _lastHash != head.Hash)
        {
            Add(_last, "altered", $"Entry {Text(_last)} has another hash than the recorded end of the chain.");
        }

        var erased = _withoutContent.Count == 0 ? [] : await AuditErasure.RedactedAsync(db, cancellationToken);
        foreach (var sequence in _withoutContent.Where(s => !erased.Contains(s)))
        {
            Add(sequence, "content_removed", $"What entry {Text(sequence)} said of before and after is gone, and no erasure names it.");
        }
    }

    private void Add(long sequence, string kind, string message)
    {
        if (_problems.Count < AuditVerifier.MaxProblems)
        {
            _problems.Add(new(sequence, kind, message));
        }
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}

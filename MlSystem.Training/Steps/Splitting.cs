using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using MlSystem.Training.Data;
using MlSystem.Training.Pipelines;

namespace MlSystem.Training.Steps;

/// <summary>Which rows are held out. Depends on nothing but rows, keys and the declared split.</summary>
internal static class Splitting
{
    /// <returns>Row indices of both sides, ascending.</returns>
    public static (IReadOnlyList<int> Train, IReadOnlyList<int> Test) Split(RowTable rows, IReadOnlyList<string> keys, SplitSpec spec)
    {
        var isTest = spec.Kind switch
        {
            SplitKind.Hash => ByHash(rows, keys, spec),
            SplitKind.Time => ByTime(rows, spec),
            SplitKind.Stratified => Stratified(rows, keys, spec),
            SplitKind.PerUser => PerUser(rows, keys, spec),
            _ => throw new ArgumentException($"Unknown split '{spec.Kind}'.", nameof(spec)),
        };
        var all = Enumerable.Range(0, rows.Rows);
        return ([.. all.Where(r => !isTest[r])], [.. all.Where(r => isTest[r])]);
    }

    private static bool[] ByHash(RowTable rows, IReadOnlyList<string> keys, SplitSpec spec)
    {
        var isTest = new bool[rows.Rows];
        for (var row = 0; row < isTest.Length; row++)
        {
            isTest[row] = Position(spec.Seed, Entity(rows, keys, row)) < spec.TestShare;
        }

        return isTest;
    }

    /// <summary>Held out is everything from the moment at which the wished share begins, so that no training row is as late as a held-out one.</summary>
    private static bool[] ByTime(RowTable rows, SplitSpec spec)
    {
        var times = rows[Joining.EventTimestamp];
        if (Array.Exists(times, t => t.Length == 0))
        {
            throw new StepFailedException("A split by time needs rows with times: declare event_timestamp_column.");
        }

        var ordered = times.Order(StringComparer.Ordinal).ToArray();
        if (ordered.Length == 0)
        {
            return [];
        }

        var boundary = ordered[Math.Clamp((int)Math.Floor(ordered.Length * (1 - spec.TestShare)), 0, ordered.Length - 1)];
        return Array.ConvertAll(times, time => string.CompareOrdinal(time, boundary) >= 0);
    }

    /// <summary>
    /// Whole entities by hash within each class, until the class's share of rows is reached as closely as whole entities allow.
    /// An entity with labels of several classes counts with the most frequent (of equals the first in ordinal order).
    /// </summary>
    private static bool[] Stratified(RowTable rows, IReadOnlyList<string> keys, SplitSpec spec)
    {
        var isTest = new bool[rows.Rows];
        var entities = Enumerable.Range(0, rows.Rows).GroupBy(r => Entity(rows, keys, r), StringComparer.Ordinal)
            .Select(g => (Rows: g.ToArray(), Position: Position(spec.Seed, g.Key), Class: MainClass(rows, g)));
        foreach (var group in entities.GroupBy(e => e.Class, StringComparer.Ordinal))
        {
            var wanted = Math.Round(group.Sum(e => e.Rows.Length) * spec.TestShare, MidpointRounding.AwayFromZero);
            var held = 0;
            foreach (var entity in group.OrderBy(e => e.Position).ThenBy(e => e.Rows[0]))
            {
                // Taken while that brings the share nearer than leaving it.
                if (held + (entity.Rows.Length / 2.0) <= wanted && held < wanted)
                {
                    held += entity.Rows.Length;
                    Array.ForEach(entity.Rows, r => isTest[r] = true);
                }
            }
        }

        return isTest;
    }

    /// <summary>Of each user the newest rows (or those by hash), rounded down: a user with too few rows is trained on only.</summary>
    private static bool[] PerUser(RowTable rows, IReadOnlyList<string> keys, SplitSpec spec)
    {
        var user = spec.Column ?? (keys.Count > 0 ? keys[0] : throw new StepFailedException("A split per_user needs an entity column."));
        if (!keys.Contains(user))
        {
            throw new StepFailedException($"The split's column '{user}' is no entity column; those are {string.Join(", ", keys)}.");
        }

        var byTime = spec.Order != SplitOrder.Hash;
        if (byTime && rows[Joining.EventTimestamp].Any(t => t.Length == 0))
        {
            throw new StepFailedException($"A split per_user by time needs rows with times; set order to {SplitOrder.Hash}.");
        }

        var isTest = new bool[rows.Rows];
        foreach (var group in Enumerable.Range(0, rows.Rows).GroupBy(r => rows[user][r], StringComparer.Ordinal))
        {
            var ordered = group.OrderByDescending(r => byTime ? rows[Joining.EventTimestamp][r] : "", StringComparer.Ordinal)
                .ThenBy(r => Position(spec.Seed, Entity(rows, keys, r))).ThenBy(r => r).ToArray();
            foreach (var row in ordered.Take((int)Math.Floor((ordered.Length * spec.TestShare) + 1e-9)))
            {
                isTest[row] = true;
            }
        }

        return isTest;
    }

    private static string MainClass(RowTable rows, IEnumerable<int> entity) => entity.CountBy(r => rows[Joining.Label][r], StringComparer.Ordinal)
        .OrderByDescending(c => c.Value).ThenBy(c => c.Key, StringComparer.Ordinal).First().Key;

    /// <summary>The keys of a row; without keys every row is an entity of its own, known by its content.</summary>
    private static string Entity(RowTable rows, IReadOnlyList<string> keys, int row) =>
        string.Join('|', (keys.Count > 0 ? keys : rows.Names).Select(k => rows[k][row]));

    /// <summary>A number in [0, 1) from the first four bytes of SHA-256 of seed and entity.</summary>
    private static double Position(long seed, string entity) =>
        BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{seed}|{entity}")))) / (uint.MaxValue + 1.0);
}

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
            isTest[row] = Position(rows, keys, spec.Seed, row) < spec.TestShare;
        }

        return isTest;
    }

    /// <summary>Held out is everything from the moment at which the wished share begins, so that no training row is as late as a held-out one.</summary>
    private static bool[] ByTime(RowTable rows, SplitSpec spec)
    {
        var times = rows[Joining.EventTimestamp];
        var ordered = times.Order(StringComparer.Ordinal).ToArray();
        if (ordered.Length == 0)
        {
            return [];
        }

        var boundary = ordered[Math.Clamp((int)Math.Floor(ordered.Length * (1 - spec.TestShare)), 0, ordered.Length - 1)];
        return Array.ConvertAll(times, time => string.CompareOrdinal(time, boundary) >= 0);
    }

    private static bool[] Stratified(RowTable rows, IReadOnlyList<string> keys, SplitSpec spec)
    {
        var isTest = new bool[rows.Rows];
        foreach (var group in Enumerable.Range(0, rows.Rows).GroupBy(r => rows[Joining.Label][r], StringComparer.Ordinal))
        {
            var ordered = group.OrderBy(r => Position(rows, keys, spec.Seed, r)).ThenBy(r => r).ToList();
            foreach (var row in ordered.Take((int)Math.Round(ordered.Count * spec.TestShare, MidpointRounding.AwayFromZero)))
            {
                isTest[row] = true;
            }
        }

        return isTest;
    }

    /// <summary>A number in [0, 1) from the first four bytes of SHA-256 of seed and keys.</summary>
    private static double Position(RowTable rows, IReadOnlyList<string> keys, long seed, int row)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"{seed}|{string.Join('|', keys.Select(k => rows[k][row]))}");
        return BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(text))) / (uint.MaxValue + 1.0);
    }
}

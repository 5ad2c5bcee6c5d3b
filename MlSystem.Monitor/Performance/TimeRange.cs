using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Http.HttpResults;

namespace MlSystem.Monitor.Performance;

/// <summary>A range of prediction times: from inclusive, to exclusive; null is open.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct TimeRange(DateTimeOffset? From, DateTimeOffset? To)
{
    public static bool TryParse(string? from, string? to, out TimeRange range, out ProblemHttpResult problem)
    {
        problem = null!;
        range = default;
        if (!TryParse(from, out var first) || !TryParse(to, out var last))
        {
            problem = TypedResults.Problem($"{(TryParse(from, out _) ? $"to is '{to}'" : $"from is '{from}'")}; a time such as 2026-01-31T12:00:00Z (RFC 3339) is needed.", statusCode: 400);
            return false;
        }

        if (first >= last)
        {
            problem = TypedResults.Problem($"from ({from}) must be before to ({to}).", statusCode: 400);
            return false;
        }

        range = new TimeRange(first, last);
        return true;
    }

    private static bool TryParse(string? text, out DateTimeOffset? time)
    {
        var ok = DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var parsed);
        time = ok ? parsed : null;
        return ok || text is null;
    }
}

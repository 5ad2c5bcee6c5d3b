namespace MlSystem.Registry.Storage;

/// <summary>A request to let a version serve, and what became of it.</summary>
internal sealed class Promotion
{
    public required string PromotionId { get; init; }
    public required string Model { get; init; }
    public required int Version { get; init; }

    /// <summary>The endpoint that it is about; for the alias <c>champion</c> the one of the model's name.</summary>
    public required string Endpoint { get; init; }

    /// <summary>The alias that was asked for; null when the endpoint was.</summary>
    public string? Alias { get; init; }

    /// <summary>The endpoint's wanted state as JSON; null for all live traffic to the version.</summary>
    public string? State { get; init; }

    /// <summary>Results of gates as JSON, as the requester gave them.</summary>
    public string? Checks { get; init; }

    /// <summary>One of <see cref="PromotionStatus"/>.</summary>
    public required string Status { get; set; }
    public required bool ApprovalRequired { get; init; }
    public required string RequestedBy { get; init; }
    public required long RequestedAt { get; init; }
    public string? DecidedBy { get; set; }
    public long? DecidedAt { get; set; }

    /// <summary>The endpoint's revision that serves it.</summary>
    public long? AppliedRevision { get; set; }
    public long? AppliedAt { get; set; }
}

internal static class PromotionStatus
{
    public const string Requested = "requested";
    public const string Approved = "approved";
    public const string Rejected = "rejected";
    public const string Applied = "applied";
    public const string Superseded = "superseded";
    public const string Cancelled = "cancelled";

    public static readonly IReadOnlyList<string> All = [Requested, Approved, Rejected, Applied, Superseded, Cancelled];

    /// <summary>What can follow.</summary>
    private static readonly Dictionary<string, string[]> Next = new(StringComparer.Ordinal)
    {
        [Requested] = [Approved, Rejected, Applied, Superseded, Cancelled],
        [Approved] = [Applied, Rejected, Superseded, Cancelled],
    };

    public static bool CanBecome(string from, string to) => Next.TryGetValue(from, out var next) && next.Contains(to);
}

/// <summary>What somebody said about a promotion; never changed.</summary>
internal sealed class PromotionComment
{
    public required string PromotionId { get; init; }

    /// <summary>1, 2, 3 …</summary>
    public required int Number { get; init; }
    public required string Author { get; init; }

    /// <summary>What was done with it: the status that was set, or <c>comment</c>.</summary>
    public required string Action { get; init; }
    public required string Text { get; init; }
    public required long Time { get; init; }
}

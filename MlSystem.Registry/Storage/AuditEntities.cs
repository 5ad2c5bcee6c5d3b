namespace MlSystem.Registry.Storage;

/// <summary>One link of the audit's chain. Only <see cref="Content"/> and <see cref="Salt"/> are ever taken away, by an erasure.</summary>
internal sealed class AuditEntry
{
    /// <summary>1, 2, 3 … without gaps, in the order of the commits.</summary>
    public required long Sequence { get; init; }

    /// <summary>Unix milliseconds.</summary>
    public required long Time { get; init; }
    public required string Principal { get; init; }
    public required string Action { get; init; }
    public required string Resource { get; init; }

    /// <summary>Empty for what the registry does by itself.</summary>
    public required string RequestId { get; init; }

    /// <summary><c>{"before": …, "after": …}</c>; null once it was erased.</summary>
    public string? Content { get; set; }

    /// <summary>Keeps an erased content from being guessed by its digest: 32 hexadecimal digits, erased with it.</summary>
    public string? Salt { get; set; }

    /// <summary>SHA-256 of salt and content; the hash covers this digest and not the content itself.</summary>
    public required string ContentSha256 { get; init; }
    public required string PreviousHash { get; init; }
    public string Hash { get; set; } = "";
}

/// <summary>The end of the chain, in one row: who appends locks it.</summary>
internal sealed class AuditHead
{
    public const int TheOne = 1;

    public required int Id { get; init; }
    public required long Sequence { get; set; }
    public required string Hash { get; set; }
}

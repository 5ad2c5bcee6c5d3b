namespace MlSystem.Registry.Storage;

/// <summary>Who is told of which changes.</summary>
internal sealed class Webhook
{
    public required string WebhookId { get; init; }
    public required string Name { get; set; }
    public string? Description { get; set; }
    public required string Url { get; set; }

    /// <summary>Event names between commas, with one at each end: <c>,model_version.created,</c>.</summary>
    public required string Events { get; set; }

    /// <summary>Encrypted; null when deliveries are not signed.</summary>
    public string? Secret { get; set; }

    /// <summary><c>ACTIVE</c> or <c>DISABLED</c>.</summary>
    public required string Status { get; set; }
    public required long CreationTime { get; init; }
    public required long LastUpdatedTime { get; set; }
}

/// <summary>One event for one webhook, written with the change that it tells of; afterwards the log of its delivery.</summary>
internal sealed class WebhookDelivery
{
    public required string DeliveryId { get; init; }
    public required string WebhookId { get; init; }
    public required string Event { get; init; }

    /// <summary>The body, byte by byte as it is signed and sent.</summary>
    public required string Payload { get; init; }

    /// <summary>Unix milliseconds, ascending within the webhook: the order of its events.</summary>
    public required long CreatedAt { get; init; }

    /// <summary>One of <see cref="DeliveryState"/>.</summary>
    public required string State { get; set; }
    public int Attempts { get; set; }

    /// <summary>When the next attempt is due; while one is under way, when another replica may take it over.</summary>
    public required long DueAt { get; set; }
    public long? FinishedAt { get; set; }

    /// <summary>HTTP status of the last attempt.</summary>
    public int? ResponseStatus { get; set; }
    public string? Error { get; set; }
}

internal static class DeliveryState
{
    public const string Pending = "pending";
    public const string Delivered = "delivered";
    public const string Failed = "failed";
}

namespace MlSystem.Registry.Webhooks;

internal sealed record CreateWebhook(string? Name, string? Description, string? Url, IReadOnlyList<WebhookEventMessage>? Events, string? Secret, string? Status);

internal sealed record ListWebhooks(long? MaxResults, string? PageToken);

internal sealed record WebhookRef(string? WebhookId);

/// <summary>Fields that are absent stay as they are.</summary>
internal sealed record UpdateWebhook(string? WebhookId, string? Name, string? Description, string? Url, IReadOnlyList<WebhookEventMessage>? Events, string? Secret, string? Status);

internal sealed record TestWebhook(string? WebhookId, WebhookEventMessage? Event);

/// <summary>Such as <c>MODEL_VERSION</c> and <c>CREATED</c>.</summary>
internal sealed record WebhookEventMessage(string? Entity, string? Action);

internal sealed record WebhookAnswer(WebhookMessage Webhook);

internal sealed record WebhooksAnswer(IReadOnlyList<WebhookMessage>? Webhooks, string? NextPageToken);

internal sealed record TestWebhookAnswer(WebhookTestResult Result);

internal sealed record WebhookTestResult(bool Success, int? ResponseStatus, string? ResponseBody, string? ErrorMessage);

/// <summary>A webhook; its secret is never told.</summary>
internal sealed record WebhookMessage
{
    public required string WebhookId { get; init; }
    public required string Name { get; init; }
    public string? Description { get; init; }
    public required string Url { get; init; }
    public required IReadOnlyList<WebhookEventMessage> Events { get; init; }

    /// <summary><c>ACTIVE</c> or <c>DISABLED</c>.</summary>
    public required string Status { get; init; }
    public required long CreationTimestamp { get; init; }
    public required long LastUpdatedTimestamp { get; init; }
}

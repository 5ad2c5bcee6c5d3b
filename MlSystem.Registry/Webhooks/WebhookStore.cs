using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using MlSystem.Registry.Mlflow;
using MlSystem.Registry.Storage;
using MlSystem.ServiceDefaults.Errors;

namespace MlSystem.Registry.Webhooks;

/// <summary>Who wants to be told of which changes.</summary>
internal sealed class WebhookStore(RegistryDatabase database, WebhookSecrets secrets, IOptions<WebhookOptions> options, TimeProvider time)
{
    public const string Active = "ACTIVE";
    private const string Disabled = "DISABLED";
    private const int MaxSecretLength = 1000;

    public Task<WebhookMessage> CreateAsync(CreateWebhook request, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var id = Guid.CreateVersion7(now).ToString();
        var webhook = new Webhook
        {
            WebhookId = id,
            Name = Name(request.Name),
            Description = request.Description is null ? null : Names.TagValue(request.Description, "description"),
            Url = WebhookUrl.Checked(request.Url, options.Value),
            Events = request.Events is { Count: > 0 } events
                ? WebhookEvents.Join(events.Select(WebhookEvents.Checked))
                : throw MlflowError.Invalid("Missing value for required parameter 'events'."),
            Secret = Sealed(id, request.Secret),
            Status = Status(request.Status) ?? Active,
            CreationTime = now.ToUnixTimeMilliseconds(),
            LastUpdatedTime = now.ToUnixTimeMilliseconds(),
        };
        return database.WriteAsync(
            db =>
            {
                db.Webhooks.Add(webhook);
                return Task.FromResult(Message(webhook));
            },
            cancellationToken);
    }

    public async Task<WebhooksAnswer> ListAsync(ListWebhooks request, CancellationToken cancellationToken)
    {
        var size = Require.PageSize(request.MaxResults, 100, 1000);
        var offset = PageToken.Offset(request.PageToken);
        await using var db = database.Read();
        var page = await db.Webhooks.OrderByDescending(w => w.CreationTime).ThenBy(w => w.WebhookId).Skip(offset).Take(size + 1).ToListAsync(cancellationToken);
        return new(page.Count == 0 ? null : [.. page.Take(size).Select(Message)], PageToken.Next(offset, size, page.Count));
    }

    public async Task<WebhookMessage> GetAsync(string? id, CancellationToken cancellationToken)
    {
        await using var db = database.Read();
        return Message(await FindAsync(db, id, cancellationToken));
    }

    public Task<WebhookMessage> UpdateAsync(UpdateWebhook request, CancellationToken cancellationToken)
    {
        var name = request.Name is null ? null : Name(request.Name);
        var url = request.Url is null ? null : WebhookUrl.Checked(request.Url, options.Value);
        var events = request.Events is { Count: > 0 } named ? WebhookEvents.Join(named.Select(WebhookEvents.Checked)) : null;
        var status = Status(request.Status);
        var description = request.Description is null ? null : Names.TagValue(request.Description, "description");
        return database.WriteAsync(
            async db =>
            {
                var webhook = await FindAsync(db, request.WebhookId, cancellationToken);
                webhook.Name = name ?? webhook.Name;
                webhook.Url = url ?? webhook.Url;
                webhook.Events = events ?? webhook.Events;
                webhook.Status = status ?? webhook.Status;
                webhook.Description = description ?? webhook.Description;
                webhook.Secret = Sealed(webhook.WebhookId, request.Secret) ?? webhook.Secret;
                webhook.LastUpdatedTime = time.GetUtcNow().ToUnixTimeMilliseconds();
                return Message(webhook);
            },
            cancellationToken);
    }

    /// <summary>Deletes a webhook with the log of its deliveries.</summary>
    public Task DeleteAsync(string? id, CancellationToken cancellationToken) => database.WriteAsync(
        async db =>
        {
            db.Webhooks.Remove(await FindAsync(db, id, cancellationToken));
        },
        cancellationToken);

    internal static async Task<Webhook> FindAsync(RegistryContext db, string? id, CancellationToken cancellationToken)
    {
        var wanted = Require.Text(id, "webhook_id");
        return await db.Webhooks.FirstOrDefaultAsync(w => w.WebhookId == wanted, cancellationToken) ?? throw NotFound(wanted);
    }

    internal static WebhookMessage Message(Webhook webhook) => new()
    {
        WebhookId = webhook.WebhookId,
        Name = webhook.Name,
        Description = webhook.Description,
        Url = webhook.Url,
        Events = [.. WebhookEvents.Split(webhook.Events).Select(WebhookEvents.Message)],
        Status = webhook.Status,
        CreationTimestamp = webhook.CreationTime,
        LastUpdatedTimestamp = webhook.LastUpdatedTime,
    };

    private static ErrorAnswerException NotFound(string id) => MlflowError.NotFound($"Webhook with ID {id} not found.");

    private static string Name(string? name) => Names.Checked(name, "webhook");

    private static string? Status(string? status) => string.IsNullOrEmpty(status) || status is Active or Disabled
        ? (string.IsNullOrEmpty(status) ? null : status)
        : throw MlflowError.Invalid($"Invalid value '{status}' for parameter 'status': {Active} or {Disabled}.");

    private string? Sealed(string id, string? secret) =>
        string.IsNullOrEmpty(secret) ? null
        : secret.Length <= MaxSecretLength ? secrets.Encrypt(id, secret)
        : throw MlflowError.Invalid($"The secret has {secret.Length} characters; at most {MaxSecretLength} are allowed.");
}

using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using MlSystem.Registry.Mlflow;
using MlSystem.Registry.Storage;

namespace MlSystem.Registry.Webhooks;

/// <summary>Writes the deliveries of an event in the transaction of the change that it tells of.</summary>
internal static class WebhookOutbox
{
    private const string PromptTag = Models.ModelQuery.PromptTag;
    private const string PromptText = "mlflow.prompt.text";

    public static Task ModelCreatedAsync(RegistryContext db, string name, IReadOnlyList<KeyValue> tags, string? description, DateTimeOffset now, CancellationToken cancellationToken) =>
        EnqueueAsync(db, IsPrompt(tags) ? WebhookEvents.PromptCreated : WebhookEvents.ModelCreated, new() { ["name"] = name, ["tags"] = Tags(tags), ["description"] = description }, now, cancellationToken);

    public static async Task VersionCreatedAsync(
        RegistryContext db, RegisteredModel model, ModelVersion version, IReadOnlyList<KeyValue> tags, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var prompt = await IsPromptAsync(db, model, cancellationToken);
        var data = new JsonObject { ["name"] = model.Name, ["version"] = Models.ModelReader.Text(version.Version) };
        if (prompt)
        {
            data["template"] = tags.FirstOrDefault(t => t.Key == PromptText)?.Value;
        }
        else
        {
            data["source"] = version.Source;
            data["run_id"] = version.RunId;
        }

        data["tags"] = Tags(tags);
        data["description"] = version.Description;
        await EnqueueAsync(db, prompt ? WebhookEvents.PromptVersionCreated : WebhookEvents.VersionCreated, data, now, cancellationToken);
    }

    /// <summary>A tag of a model: MLflow tells of those of prompts only.</summary>
    public static async Task ModelTagAsync(RegistryContext db, RegisteredModel model, string key, string? value, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (await IsPromptAsync(db, model, cancellationToken))
        {
            var data = new JsonObject { ["name"] = model.Name, ["key"] = key };
            await EnqueueAsync(db, value is null ? WebhookEvents.PromptTagDeleted : WebhookEvents.PromptTagSet, WithValue(data, value), now, cancellationToken);
        }
    }

    /// <param name="value">Null when the tag was deleted.</param>
    public static async Task VersionTagAsync(RegistryContext db, RegisteredModel model, int version, string key, string? value, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var data = WithValue(new() { ["name"] = model.Name, ["version"] = Models.ModelReader.Text(version), ["key"] = key }, value);
        var name = (await IsPromptAsync(db, model, cancellationToken), value is null) switch
        {
            (true, false) => WebhookEvents.PromptVersionTagSet,
            (true, true) => WebhookEvents.PromptVersionTagDeleted,
            (false, false) => WebhookEvents.VersionTagSet,
            (false, true) => WebhookEvents.VersionTagDeleted,
        };
        await EnqueueAsync(db, name, data, now, cancellationToken);
    }

    /// <param name="version">Null when the alias was deleted.</param>
    public static async Task AliasAsync(RegistryContext db, RegisteredModel model, string alias, int? version, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var data = new JsonObject { ["name"] = model.Name, ["alias"] = alias };
        if (version is { } number)
        {
            data["version"] = Models.ModelReader.Text(number);
        }

        var name = (await IsPromptAsync(db, model, cancellationToken), version is null) switch
        {
            (true, false) => WebhookEvents.PromptAliasCreated,
            (true, true) => WebhookEvents.PromptAliasDeleted,
            (false, false) => WebhookEvents.AliasCreated,
            (false, true) => WebhookEvents.AliasDeleted,
        };
        await EnqueueAsync(db, name, data, now, cancellationToken);
    }

    /// <summary>The body of a request: MLflow's envelope around an event's data.</summary>
    internal static string Body(string name, JsonObject data, DateTimeOffset now) => new JsonObject
    {
        ["entity"] = name[..name.IndexOf('.', StringComparison.Ordinal)],
        ["action"] = name[(name.IndexOf('.', StringComparison.Ordinal) + 1)..],
        ["timestamp"] = now.ToString("yyyy-MM-ddTHH:mm:ss.ffffffzzz", System.Globalization.CultureInfo.InvariantCulture),
        ["data"] = data,
    }.ToJsonString();

    private static async Task EnqueueAsync(RegistryContext db, string name, JsonObject data, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var marked = $",{name},";
        var webhooks = await db.Webhooks.Where(w => w.Status == WebhookStore.Active && w.Events.Contains(marked)).Select(w => w.WebhookId).ToListAsync(cancellationToken);
        if (webhooks.Count == 0)
        {
            return;
        }

        var body = Body(name, data, now);
        foreach (var webhook in webhooks)
        {
            db.WebhookDeliveries.Add(new WebhookDelivery
            {
                DeliveryId = Guid.CreateVersion7(now).ToString(),
                WebhookId = webhook,
                Event = name,
                Payload = body,
                CreatedAt = await NextAsync(db, webhook, now, cancellationToken),
                DueAt = now.ToUnixTimeMilliseconds(),
                State = DeliveryState.Pending,
            });
        }
    }

    /// <summary>The time of a delivery is also its place in the order: behind all that the webhook was told before.</summary>
    private static async Task<long> NextAsync(RegistryContext db, string webhook, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var stored = await db.WebhookDeliveries.Where(d => d.WebhookId == webhook).MaxAsync(d => (long?)d.CreatedAt, cancellationToken) ?? 0;
        var adding = db.WebhookDeliveries.Local.Where(d => d.WebhookId == webhook).Select(d => d.CreatedAt).DefaultIfEmpty().Max();
        return Math.Max(now.ToUnixTimeMilliseconds(), Math.Max(stored, adding) + 1);
    }

    private static bool IsPrompt(IReadOnlyList<KeyValue> tags) => tags.Any(t => t is { Key: PromptTag, Value: "true" });

    private static Task<bool> IsPromptAsync(RegistryContext db, RegisteredModel model, CancellationToken cancellationToken) =>
        db.ModelTags.AnyAsync(t => t.ModelId == model.ModelId && t.Key == PromptTag && t.Value == "true", cancellationToken);

    private static JsonObject Tags(IReadOnlyList<KeyValue> tags) => new(tags.Select(t => KeyValuePair.Create(t.Key!, (JsonNode?)t.Value)));

    private static JsonObject WithValue(JsonObject data, string? value)
    {
        if (value is not null)
        {
            data["value"] = value;
        }

        return data;
    }
}

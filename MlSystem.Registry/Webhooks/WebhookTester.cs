using System.Text.Json.Nodes;
using MlSystem.Registry.Storage;

namespace MlSystem.Registry.Webhooks;

/// <summary>Sends an example of an event once and tells what came back.</summary>
internal sealed class WebhookTester(RegistryDatabase database, WebhookSender sender, WebhookSecrets secrets, TimeProvider time)
{
    public async Task<WebhookTestResult> TestAsync(TestWebhook request, CancellationToken cancellationToken)
    {
        Webhook webhook;
        await using (var db = database.Read())
        {
            webhook = await WebhookStore.FindAsync(db, request.WebhookId, cancellationToken);
        }

        var name = request.Event is null ? WebhookEvents.Split(webhook.Events)[0] : WebhookEvents.Checked(request.Event);
        var now = time.GetUtcNow();
        var secret = webhook.Secret is null ? null : secrets.Decrypt(webhook.WebhookId, webhook.Secret);
        var result = await sender.SendAsync(webhook.Url, secret, Guid.CreateVersion7(now).ToString(), WebhookOutbox.Body(name, Example(name), now), cancellationToken);
        return new(result.Status < 400, result.Status, result.Body, result.Error is null ? null : $"Failed to test webhook: {result.Error}");
    }

    private static JsonObject Example(string name)
    {
        var prompt = name.StartsWith("prompt", StringComparison.Ordinal);
        var data = new JsonObject { ["name"] = prompt ? "example_prompt" : "example_model" };
        if (name.Contains("alias", StringComparison.Ordinal))
        {
            data["alias"] = "example_alias";
        }

        if (name.Contains("version", StringComparison.Ordinal) && name != WebhookEvents.AliasDeleted)
        {
            data["version"] = "1";
        }

        if (name.Contains("_tag.", StringComparison.Ordinal))
        {
            data["key"] = "example_key";
            if (name.EndsWith(".set", StringComparison.Ordinal))
            {
                data["value"] = "example_value";
            }

            return data;
        }

        return name.Contains("alias", StringComparison.Ordinal) ? data : Created(name, data);
    }

    private static JsonObject Created(string name, JsonObject data)
    {
        if (name == WebhookEvents.VersionCreated)
        {
            data["source"] = "models:/123";
            data["run_id"] = "abcd1234abcd5678";
        }
        else if (name == WebhookEvents.PromptVersionCreated)
        {
            data["template"] = "Hello {{name}}!";
        }

        data["tags"] = new JsonObject { ["example_key"] = "example_value" };
        data["description"] = "An example";
        return data;
    }
}

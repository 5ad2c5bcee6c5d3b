using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using MlSystem.Registry.Storage;
using MlSystem.Registry.Tests.Support;

namespace MlSystem.Registry.Tests;

/// <summary>Webhooks: who is told what, how it is signed, and what happens when nobody listens.</summary>
public abstract partial class RegistryContract
{
    [Fact]
    public async Task A_webhook_is_told_of_each_change_in_MLflows_words_and_signed()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        var id = await WebhookAsync(receiver.Url + "/hook", "s3cret", "registered_model.created", "model_version.created", "model_version_tag.set", "model_version_tag.deleted", "model_version_alias.created", "model_version_alias.deleted");
        var name = await Registry.ModelAsync();
        var (run, _) = await Registry.RunAsync();
        await Registry.VersionAsync(name, run);
        (await Registry.PostAsync("model-versions/set-tag", new { name, version = "1", key = "k", value = "v" })).Ok();
        (await DeleteAsync("model-versions/delete-tag", new { name, version = "1", key = "k" })).Ok();
        (await Registry.PostAsync("registered-models/alias", new { name, version = "1", alias = "best" })).Ok();
        (await DeleteAsync("registered-models/alias", new { name, alias = "best" })).Ok();

        // Other tests of this class change models at the same time.
        var mine = await WaitForAsync(receiver, r => Data(r).GetProperty("name").GetString() == name, 6);
        var all = mine.ToDictionary(r => JsonElement.Parse(r.Body).GetProperty("entity").GetString() + "." + JsonElement.Parse(r.Body).GetProperty("action").GetString());
        Assert.Equal(6, all.Count);
        Assert.Equal($"runs:/{run}/model", Data(all["model_version.created"]).GetProperty("source").GetString());
        Assert.Equal("""{"name":"NAME","version":"1","key":"k","value":"v"}""".Replace("NAME", name), Data(all["model_version_tag.set"]).GetRawText());
        Assert.Equal("""{"name":"NAME","version":"1","key":"k"}""".Replace("NAME", name), Data(all["model_version_tag.deleted"]).GetRawText());
        Assert.Equal("""{"name":"NAME","alias":"best","version":"1"}""".Replace("NAME", name), Data(all["model_version_alias.created"]).GetRawText());
        Assert.Equal("""{"name":"NAME","alias":"best"}""".Replace("NAME", name), Data(all["model_version_alias.deleted"]).GetRawText());
        Assert.All(mine, r => Assert.Equal(Signed("s3cret", r), r.Signature));

        var log = (await Registry.NativeAsync($"/api/webhooks/{id}/deliveries?max=1000")).Ok().Body.GetProperty("deliveries");
        Assert.All(mine, r => Assert.Contains(log.EnumerateArray(), d => d.GetProperty("delivery_id").GetString() == r.DeliveryId));
        await using var db = app.Services.GetRequiredService<IDbContextFactory<RegistryContext>>().CreateDbContext();
        var stored = await db.Webhooks.SingleAsync(w => w.WebhookId == id);
        Assert.DoesNotContain("s3cret", stored.Secret, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", (await Registry.GetAsync($"webhooks/{id}")).Ok().Body.GetRawText(), StringComparison.Ordinal);
        (await SendAsync(HttpMethod.Delete, $"webhooks/{id}", null)).Ok();
    }

    [Fact]
    public async Task A_receiver_that_fails_is_tried_again_with_the_same_delivery()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        receiver.Answer = n => n == 1 ? 503 : n == 2 ? 429 : 200;
        var id = await WebhookAsync(receiver.Url, null, "prompt.created");
        (await Registry.PostAsync("registered-models/create", new { name = RegistryClient.Unique("prompt"), tags = new[] { new { key = "mlflow.prompt.is_prompt", value = "true" } } })).Ok();
        var received = await receiver.WaitAsync(3);
        Assert.Single(received.Select(r => r.DeliveryId).Distinct());
        Assert.All(received, r => Assert.Null(r.Signature));
        var delivery = await DeliveryAsync(id, "delivered");
        Assert.Equal((3, 200), (delivery.GetProperty("attempts").GetInt32(), delivery.GetProperty("response_status").GetInt32()));
        (await SendAsync(HttpMethod.Delete, $"webhooks/{id}", null)).Ok();
    }

    [Theory]
    [InlineData(302)]
    [InlineData(404)]
    public async Task A_redirect_is_not_followed_and_a_refusal_not_repeated(int status)
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        receiver.Answer = _ => status;
        var id = await WebhookAsync(receiver.Url + "/hook", null, "prompt_tag.set");
        var name = RegistryClient.Unique("prompt");
        (await Registry.PostAsync("registered-models/create", new { name, tags = new[] { new { key = "mlflow.prompt.is_prompt", value = "true" } } })).Ok();
        (await Registry.PostAsync("registered-models/set-tag", new { name, key = "a", value = "b" })).Ok();
        Assert.Equal(status, (await DeliveryAsync(id, "failed")).GetProperty("response_status").GetInt32());
        Assert.Equal("/hook", Assert.Single(receiver.All).Path);
        (await SendAsync(HttpMethod.Delete, $"webhooks/{id}", null)).Ok();
    }

    [Fact]
    public async Task Webhooks_are_listed_changed_tested_and_deleted()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        var id = await WebhookAsync(receiver.Url, "first", "prompt_alias.created");
        var events = new[] { new { entity = "PROMPT_ALIAS", action = "DELETED" } };
        var changed = (await SendAsync(HttpMethod.Patch, $"webhooks/{id}", new { name = "changed", status = "DISABLED", secret = "second", events })).Ok().Body.GetProperty("webhook");
        Assert.Equal(("changed", "DISABLED", "DELETED"), (changed.GetProperty("name").GetString(), changed.GetProperty("status").GetString(), changed.GetProperty("events")[0].GetProperty("action").GetString()));
        Assert.Contains((await Registry.GetAsync("webhooks?max_results=1000")).Ok().Body.GetProperty("webhooks").EnumerateArray(), w => w.GetProperty("webhook_id").GetString() == id);
        var native = (await Registry.NativeAsync("/api/webhooks")).Ok().Body.GetProperty("webhooks").EnumerateArray().Single(w => w.GetProperty("webhook_id").GetString() == id);
        Assert.True(native.GetProperty("signed").GetBoolean());

        var result = (await SendAsync(HttpMethod.Post, $"webhooks/{id}/test", new { @event = new { entity = "MODEL_VERSION", action = "CREATED" } })).Ok().Body.GetProperty("result");
        Assert.Equal((true, 200, "seen"), (result.GetProperty("success").GetBoolean(), result.GetProperty("response_status").GetInt32(), result.GetProperty("response_body").GetString()));
        var request = Assert.Single(receiver.All);
        Assert.Equal(("models:/123", Signed("second", request)), (Data(request).GetProperty("source").GetString(), request.Signature));
        (await SendAsync(HttpMethod.Delete, $"webhooks/{id}", null)).Ok();
        (await Registry.GetAsync($"webhooks/{id}")).Refused("RESOURCE_DOES_NOT_EXIST", 404);
        Assert.Equal(HttpStatusCode.NotFound, (await Registry.NativeAsync($"/api/webhooks/{id}/deliveries")).Status);
        (await Registry.PostAsync("webhooks", new { name = "w", url = "https://example.com", events = new[] { new { entity = "MODEL_VERSION", action = "EXPLODED" } } })).Refused("INVALID_PARAMETER_VALUE");
        (await Registry.PostAsync("webhooks", new { name = "w", url = "https://example.com" })).Refused("INVALID_PARAMETER_VALUE");
    }

    private static JsonElement Data(Received request) => JsonElement.Parse(request.Body).GetProperty("data");

    /// <summary>MLflow's scheme, written down here a second time.</summary>
    private static string Signed(string secret, Received request)
    {
        using var hmac = new HMACSHA256(Encoding.UTF8.GetBytes(secret));
        return "v1," + Convert.ToBase64String(hmac.ComputeHash(Encoding.UTF8.GetBytes(string.Join('.', request.DeliveryId, request.Timestamp, request.Body))));
    }

    private static async Task<List<Received>> WaitForAsync(WebhookReceiver receiver, Func<Received, bool> wanted, int count)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            var found = receiver.All.Where(wanted).ToList();
            if (found.Count >= count)
            {
                return found;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, deadline.Token);
        }
    }

    private async Task<string> WebhookAsync(string url, string? secret, params string[] events) =>
        (await Registry.PostAsync("webhooks", new { name = "hook", url, secret, events = events.Select(e => new { entity = e.Split('.')[0].ToUpperInvariant(), action = e.Split('.')[1].ToUpperInvariant() }) }))
            .Ok().Body.GetProperty("webhook").GetProperty("webhook_id").GetString()!;

    private async Task<JsonElement> DeliveryAsync(string webhook, string state)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            var found = (await Registry.NativeAsync($"/api/webhooks/{webhook}/deliveries?state={state}")).Ok().Body.GetProperty("deliveries");
            if (found.GetArrayLength() > 0)
            {
                return found[0];
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, deadline.Token);
        }
    }
}

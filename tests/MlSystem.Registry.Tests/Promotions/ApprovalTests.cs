using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using MlSystem.Registry.Tests.Support;

namespace MlSystem.Registry.Tests.Promotions;

/// <summary>Approvals between principals that are known by their keys.</summary>
public sealed class ApprovalTests
{
    [Fact]
    public async Task Another_principal_approves_and_the_request_before_is_superseded()
    {
        await using var app = await RegistryApp.StartAsync(null, ("MlSystem:ApiKeys:ana", "key-of-ana"), ("MlSystem:ApiKeys:ben", "key-of-ben"));
        var registry = app.Registry;
        As(app, "ana");
        var name = await registry.ModelAsync();
        var version = await registry.ServableAsync(name);
        (await registry.PostAsync("registered-models/set-tag", new { name, key = "mlsystem.approval", value = "required" })).Ok();
        var before = await RequestAsync(registry, name, version);
        var id = await RequestAsync(registry, name, version);
        Assert.Equal(HttpStatusCode.Conflict, (await registry.SendAsync(HttpMethod.Post, $"/api/promotions/{id}/approve")).Status);

        As(app, "ben");
        Assert.Equal(HttpStatusCode.Conflict, (await registry.SendAsync(HttpMethod.Post, $"/api/promotions/{id}/cancel")).Status);
        var approved = (await registry.SendAsync(HttpMethod.Post, $"/api/promotions/{id}/approve", new { comment = "good", apply = false })).Ok().Body;
        Assert.Equal(("approved", "ben"), (approved.GetProperty("state").GetString(), approved.GetProperty("decided_by").GetString()));
        Assert.Equal(HttpStatusCode.NotFound, (await registry.NativeAsync($"/api/endpoints/{name}")).Status);

        As(app, "ana");
        var applied = (await registry.SendAsync(HttpMethod.Post, $"/api/promotions/{id}/apply")).Ok().Body;
        Assert.Equal("applied", applied.GetProperty("state").GetString());
        Assert.Equal("superseded", (await registry.NativeAsync($"/api/promotions/{before}")).Ok().Body.GetProperty("state").GetString());
        Assert.Equal(version, (await registry.NativeAsync($"/api/endpoints/{name}")).Ok().Body.GetProperty("variants")[0].GetProperty("version").GetInt32());
        var entries = (await registry.NativeAsync($"/api/audit?resource=promotions/{id}&principal=ben")).Ok().Body.GetProperty("entries").EnumerateArray();
        Assert.Contains(entries, e => e.GetProperty("action").GetString() == "promotion.updated");
    }

    [Fact]
    public async Task Only_an_approver_takes_the_demand_back()
    {
        await using var app = await RegistryApp.StartAsync(
            null, ("MlSystem:ApiKeys:ana", "key-of-ana"), ("MlSystem:ApiKeys:ben", "key-of-ben"), ("MlSystem:ApiKeys:cyd", "key-of-cyd"), ("Registry:Promotions:Approvers:0", "ben"));
        var registry = app.Registry;
        As(app, "ana");
        var name = await registry.ModelAsync();
        var version = await registry.ServableAsync(name);
        var tag = new { name, key = "mlsystem.approval", value = "required" };
        (await registry.PostAsync("registered-models/set-tag", tag)).Ok();
        (await registry.PostAsync("registered-models/set-tag", tag)).Ok();
        var id = await RequestAsync(registry, name, version);
        (await registry.PostAsync("registered-models/set-tag", tag with { value = "no" })).Refused("PERMISSION_DENIED", 403);
        (await registry.SendAsync(HttpMethod.Delete, "/api/2.0/mlflow/registered-models/delete-tag", new { name, tag.key })).Refused("PERMISSION_DENIED", 403);
        (await registry.SendAsync(HttpMethod.Delete, "/api/2.0/mlflow/registered-models/delete", new { name })).Refused("PERMISSION_DENIED", 403);
        (await registry.PostAsync("registered-models/rename", new { name, new_name = name + "2" })).Refused("PERMISSION_DENIED", 403);

        As(app, "cyd");
        var refused = await registry.SendAsync(HttpMethod.Post, $"/api/promotions/{id}/approve");
        Assert.Equal(HttpStatusCode.Forbidden, refused.Status);
        Assert.Contains("Registry:Promotions:Approvers names ben", refused.Body.GetProperty("detail").GetString(), StringComparison.Ordinal);

        As(app, "ben");
        (await registry.SendAsync(HttpMethod.Post, $"/api/promotions/{id}/reject", new { comment = "the tag goes" })).Ok();
        (await registry.SendAsync(HttpMethod.Delete, "/api/2.0/mlflow/registered-models/delete-tag", new { name, tag.key })).Ok();
        await registry.ChampionAsync(name, version);
    }

    [Fact]
    public async Task No_request_gets_through_by_taking_the_demand_away_that_it_waits_for()
    {
        await using var app = await RegistryApp.StartAsync(
            null, ("MlSystem:ApiKeys:ana", "key-of-ana"), ("MlSystem:ApiKeys:ben", "key-of-ben"), ("Registry:Promotions:Approvers:0", "ben"));
        var registry = app.Registry;
        As(app, "ben");
        var name = await registry.ModelAsync();
        var version = await registry.ServableAsync(name);
        var tag = new { name, key = "mlsystem.approval", value = "required" };
        (await registry.PostAsync("registered-models/set-tag", tag)).Ok();
        var id = await RequestAsync(registry, name, version);
        (await registry.SendAsync(HttpMethod.Delete, "/api/2.0/mlflow/registered-models/delete-tag", new { name, tag.key })).Refused("RESOURCE_CONFLICT", 409);
        (await registry.PostAsync("registered-models/set-tag", tag with { value = "no" })).Refused("RESOURCE_CONFLICT", 409);
        (await registry.PostAsync("registered-models/rename", new { name, new_name = name + "2" })).Refused("RESOURCE_CONFLICT", 409);
        (await registry.SendAsync(HttpMethod.Delete, "/api/2.0/mlflow/registered-models/delete", new { name })).Refused("RESOURCE_CONFLICT", 409);

        // Every step on the way around it stays: the request that was taken back, the demand that was, and a promotion without an approval.
        (await registry.SendAsync(HttpMethod.Post, $"/api/promotions/{id}/cancel", new { comment = "other way" })).Ok();
        (await registry.SendAsync(HttpMethod.Delete, "/api/2.0/mlflow/registered-models/delete-tag", new { name, tag.key })).Ok();
        var applied = await RequestAsync(registry, name, version);
        Assert.Equal("cancelled", (await registry.NativeAsync($"/api/promotions/{id}")).Ok().Body.GetProperty("state").GetString());
        Assert.False((await registry.NativeAsync($"/api/promotions/{applied}")).Ok().Body.GetProperty("approval_required").GetBoolean());
        var withdrawn = (await registry.NativeAsync($"/api/audit?resource=models/{name}&action=model.tags_set&principal=ben")).Ok().Body.GetProperty("entries")[0];
        Assert.Equal(JsonValueKind.Null, withdrawn.GetProperty("after").GetProperty(tag.key).ValueKind);
    }

    private static void As(RegistryApp app, string principal) => app.Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", $"key-of-{principal}");

    private static async Task<string> RequestAsync(RegistryClient registry, string model, int version) =>
        (await registry.SendAsync(HttpMethod.Post, "/api/promotions", new { model, version, target = new { alias = "champion" }, comment = "better" })).Ok().Body.GetProperty("promotion_id").GetString()!;
}

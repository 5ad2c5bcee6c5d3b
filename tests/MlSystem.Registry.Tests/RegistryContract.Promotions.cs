using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using MlSystem.Contracts;
using MlSystem.Registry.Tests.Support;

namespace MlSystem.Registry.Tests;

/// <summary>Signed manifests, and promotions where nobody is known.</summary>
public abstract partial class RegistryContract
{
    [Fact]
    public async Task A_manifest_is_signed_and_stays_so_when_its_model_is_renamed()
    {
        var name = await Registry.ModelAsync();
        var version = await Registry.ServableAsync(name);
        await VerifySignatureAsync(name, version);
        var renamed = RegistryClient.Unique("renamed");
        (await Registry.PostAsync("registered-models/rename", new { name, new_name = renamed })).Ok();
        await VerifySignatureAsync(renamed, version);
    }

    [Fact]
    public async Task A_promotion_without_demand_is_applied_at_once_and_told()
    {
        var name = await Registry.ModelAsync();
        var version = await Registry.ServableAsync(name);
        var answer = await PromoteAsync(name, version, new { alias = "champion" }, new { auc = new { value = 0.9, passed = true } });
        Assert.Equal((HttpStatusCode.Created, "applied", 1), (answer.Status, answer.Body.GetProperty("state").GetString(), answer.Body.GetProperty("applied_revision").GetInt32()));
        Assert.True(answer.Body.GetProperty("checks").GetProperty("auc").GetProperty("passed").GetBoolean());
        Assert.Equal(["requested", "applied"], answer.Body.GetProperty("comments").EnumerateArray().Select(c => c.GetProperty("action").GetString()));
        Assert.Equal(version, (await Registry.NativeAsync($"/api/endpoints/{name}")).Ok().Body.GetProperty("variants")[0].GetProperty("version").GetInt32());
        var list = (await Registry.NativeAsync($"/api/promotions?state=applied&model={name}")).Ok().Body.GetProperty("promotions");
        Assert.Equal(answer.Body.GetProperty("promotion_id").GetString(), Assert.Single(list.EnumerateArray()).GetProperty("promotion_id").GetString());
        Assert.Contains("promotion.created", Actions(await AuditAsync($"resource=promotions/{answer.Body.GetProperty("promotion_id").GetString()}")));

        var second = await Registry.ServableAsync(name);
        var stale = await Registry.SendAsync(HttpMethod.Post, "/api/promotions", new { model = name, version = second, target = new { endpoint = name }, comment = "c" }, ifMatch: "\"7\"");
        Assert.Equal(HttpStatusCode.PreconditionFailed, stale.Status);
        Assert.Equal("applied", (await PromoteAsync(name, second, new { endpoint = name })).Body.GetProperty("state").GetString());
    }

    [Fact]
    public async Task A_promotion_that_is_not_complete_says_what_is_missing()
    {
        var name = await Registry.ModelAsync();
        await AssertAsync(new { }, "The promotion is not valid: ", "comment: it is missing", "model: it is missing", "target: it is missing", "version: it is missing");
        await AssertAsync(new { model = name, version = 0, target = new { alias = "champion" }, comment = "c" }, "version: it is 0; versions begin at 1");
        await AssertAsync(new { model = name, version = 1, target = new { alias = "champion", endpoint = "e" }, comment = "c" }, "target: it must have either alias or endpoint");
        await AssertAsync(new { model = name, version = 1, target = new { endpoint = "a/b" }, comment = "c" }, "target.endpoint: it must not contain '/'");
        await AssertAsync(new { model = name, version = 1, target = new { endpoint = "e", variants = new[] { new { name = "a", model = name, version = 1, weight = -1 } } }, comment = "c" }, "target.variants[0].weight: it is -1");

        async Task AssertAsync(object body, params string[] parts)
        {
            var answer = await Registry.SendAsync(HttpMethod.Post, "/api/promotions", body);
            Assert.Equal(422, (int)answer.Status);
            Assert.All(parts, part => Assert.Contains(part, answer.Body.GetProperty("detail").GetString(), StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task What_demands_an_approval_serves_by_no_other_way()
    {
        var name = await Registry.ModelAsync();
        var version = await Registry.ServableAsync(name);
        (await Registry.PostAsync("registered-models/set-tag", new { name, key = "mlsystem.approval", value = "required" })).Ok();
        (await Registry.SendAsync(HttpMethod.Delete, "/api/2.0/mlflow/registered-models/delete-tag", new { name, key = "mlsystem.approval" })).Refused("PERMISSION_DENIED", 403);
        (await Registry.PostAsync("registered-models/alias", new { name, alias = "champion", version = $"{version}" })).Refused("RESOURCE_CONFLICT", 409);
        (await Registry.PostAsync("model-versions/transition-stage", new { name, version = $"{version}", stage = "Production" })).Refused("RESOURCE_CONFLICT", 409);
        Assert.Equal(HttpStatusCode.Conflict, (await Registry.PutEndpointAsync(name, name, version)).Status);

        var id = (await PromoteAsync(name, version, new { alias = "champion" })).Ok().Body.GetProperty("promotion_id").GetString();
        var refused = await Registry.SendAsync(HttpMethod.Post, $"/api/promotions/{id}/approve");
        Assert.Equal(HttpStatusCode.Conflict, refused.Status);
        Assert.Contains("authentication is off", refused.Body.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Conflict, (await Registry.SendAsync(HttpMethod.Post, $"/api/promotions/{id}/apply")).Status);
        Assert.Equal("cancelled", (await Registry.SendAsync(HttpMethod.Post, $"/api/promotions/{id}/cancel", new { comment = "not now" })).Ok().Body.GetProperty("state").GetString());
        Assert.Equal(HttpStatusCode.Conflict, (await Registry.SendAsync(HttpMethod.Post, $"/api/promotions/{id}/reject")).Status);
    }

    [Fact]
    public async Task A_request_with_mistakes_is_refused_with_all_of_them()
    {
        var answer = await Registry.SendAsync(HttpMethod.Post, "/api/promotions", new { version = 0, target = new { alias = "canary" } });
        Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.Status);
        Assert.Equal(["comment", "model", "target.alias", "version"], answer.Body.GetProperty("errors").EnumerateObject().Select(e => e.Name).Order());
        Assert.Equal(HttpStatusCode.BadRequest, (await Registry.NativeAsync("/api/promotions?state=open")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await Registry.NativeAsync("/api/promotions/none")).Status);
    }

    private Task<Answer> PromoteAsync(string model, int version, object target, object? checks = null) =>
        Registry.SendAsync(HttpMethod.Post, "/api/promotions", new { model, version, target, comment = "better on all slices", checks });

    private async Task VerifySignatureAsync(string model, int version)
    {
        var view = (await Registry.NativeAsync($"/api/models/{model}/versions/{version}")).Ok().Body;
        var signature = view.GetProperty("manifest_signature").Deserialize(ContractsJson.Default.ManifestSignature)!;
        var keys = (await Registry.NativeAsync("/api/signing-keys")).Ok().Body.GetProperty("keys").EnumerateArray();
        using var key = ECDsa.Create();
        key.ImportFromPem(keys.Single(k => k.GetProperty("key_id").GetString() == signature.KeyId).GetProperty("public_key").GetString());
        var manifest = view.GetProperty("manifest").Deserialize(ContractsJson.Default.ModelManifest)!;
        var statement = new ManifestStatement { Model = model, Version = version, Files = manifest.Files };
        Assert.True(key.VerifyData(JsonSerializer.SerializeToUtf8Bytes(statement, ContractsJson.Default.ManifestStatement), Convert.FromBase64String(signature.Value), HashAlgorithmName.SHA256));
    }
}

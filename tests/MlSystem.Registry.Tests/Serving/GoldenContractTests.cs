using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using MlSystem.Contracts;
using MlSystem.Registry.Tests.Support;
using MlSystem.ServiceDefaults.EventLog;
using MlSystem.Testing;

namespace MlSystem.Registry.Tests.Serving;

/// <summary>What the registry tells other services has the agreed form.</summary>
public sealed class GoldenContractTests(RegistryApp app) : IClassFixture<RegistryApp>
{
    [Fact]
    public async Task The_golden_serving_state_comes_back_as_it_was_put()
    {
        var model = await app.Registry.ModelAsync();
        int[] versions = [await app.Registry.ServableAsync(model), await app.Registry.ServableAsync(model), await app.Registry.ServableAsync(model)];
        var golden = Golden.Read("endpoint", ContractsJson.Default.Endpoint);
        var name = RegistryClient.Unique("endpoint");
        var state = golden with
        {
            Name = name,
            Variants = [.. golden.Variants.Select((variant, i) => variant with { Model = model, Version = versions[i] })],
        };
        var body = JsonSerializer.SerializeToNode(state, ContractsJson.Default.Endpoint)!.AsObject();
        foreach (var given in new[] { "name", "revision", "author", "created_at" })
        {
            body.Remove(given);
        }

        (await app.Registry.SendAsync(HttpMethod.Put, $"/api/endpoints/{name}", body.ToJsonString())).Ok();
        var answer = (await app.Registry.NativeAsync($"/api/endpoints/{name}")).Ok().Body;

        Assert.Equal(Golden.Form(Golden.Text("endpoint")), Golden.Form(answer.GetRawText()));
        var read = answer.Deserialize(ContractsJson.Default.Endpoint)!;
        Assert.Equal(state.Variants, read.Variants);
        Assert.Equal((state.Policy, state.Limits, state.Reason), (read.Policy, read.Limits, read.Reason));
        Assert.Equal((state.Logging.SampleShare, "female"), (read.Logging.SampleShare, Assert.Single(read.Logging.SensitiveColumns)));
        var listed = (await app.Registry.NativeAsync("/api/endpoints")).Ok().Body.GetProperty("endpoints").EnumerateArray().Single(e => e.GetProperty("name").GetString() == name);
        Assert.Equal(answer.GetRawText(), listed.GetRawText());
    }

    [Fact]
    public async Task A_manifest_has_the_golden_form()
    {
        var model = await app.Registry.ModelAsync();
        var version = await app.Registry.ServableAsync(model);

        var manifest = (await app.Registry.NativeAsync($"/api/models/{model}/versions/{version}")).Ok().Body.GetProperty("manifest");

        Assert.Equal(Golden.Form(Golden.Text("model_manifest")), Golden.Form(manifest.GetRawText()));
        Assert.Equal(["model.onnx", "signature.json"], manifest.Deserialize(ContractsJson.Default.ModelManifest)!.Files.Select(f => f.Path).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Events_fill_golden_fields_and_no_others()
    {
        var model = await app.Registry.ModelAsync();
        var version = await app.Registry.ServableAsync(model);
        (await app.Registry.SendAsync(HttpMethod.Post, "/api/promotions", new { model, version, target = new { alias = "champion" }, comment = "better" })).Ok();
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await using var consumer = app.Services.GetRequiredService<IEventLog>().Subscribe(Topics.Registry, RegistryClient.Unique("group"));
        var forms = new Dictionary<string, IReadOnlySet<string>>();
        while (!forms.ContainsKey(RegistryChange.EndpointRevised) || !forms.ContainsKey(RegistryChange.PromotionPrefix + "applied"))
        {
            foreach (var stored in (await consumer.ReadAsync(1000, deadline.Token)).Where(e => e.Event.Key == model))
            {
                Assert.Equal(EventTypes.Registry, stored.Event.Headers["ce_type"]);
                var text = Encoding.UTF8.GetString(stored.Event.Value.Span);
                forms[JsonSerializer.Deserialize(text, ContractsJson.Default.RegistryEvent)!.Change] = Golden.Form(text);
            }
        }

        Assert.Equal(Golden.Form(Golden.Text("registry_event")), forms.Values.SelectMany(form => form).ToHashSet());
        string[] always = [".change", ".event_id", ".principal", ".request_id", ".time"];
        Assert.All(forms.Where(f => f.Key != RegistryChange.VersionValidated), form => Assert.Subset(form.Value.ToHashSet(), always.ToHashSet()));
        Assert.Subset(forms[RegistryChange.EndpointRevised].ToHashSet(), new HashSet<string> { ".endpoint", ".revision" });
    }
}

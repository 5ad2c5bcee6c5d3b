using System.Globalization;
using MlSystem.Contracts;
using MlSystem.Inference.Tests.Fixture;
using MlSystem.Onnx;

namespace MlSystem.Inference.Tests.Policies;

public sealed class StickyTests
{
    private static readonly EndpointVariant[] Linear = [Traffic.Variant("a", 1), Traffic.Variant("b", 2), Traffic.Variant("c", 3)];
    private static readonly EndpointVariant[] Columns = [Traffic.Variant("a", 1, model: "columns"), Traffic.Variant("b", 2, model: "columns")];

    [Theory]
    [InlineData("header:X-User", "x-user", "{0}")]
    [InlineData("cookie:user", "cookie", "other=1; user={0}; last=z")]
    public async Task A_header_or_cookie_keeps_its_variant_over_both_protocols(string key, string header, string form)
    {
        await using var registry = await Traffic.RegistryAsync("linear", Linear, Traffic.Sticky(key));
        await using var server = await InferenceServer.StartAsync(registry.Url);
        var variants = new List<string>();
        for (var user = 0; user < 40; user++)
        {
            var value = string.Format(CultureInfo.InvariantCulture, form, user);
            variants.Add(await server.RestAsync("linear", Requests.LinearBody(1), header, value));
            Assert.Equal(variants[^1], await server.RestAsync("linear", Requests.LinearBody(2), header, value));
            Assert.Equal(variants[^1], await server.GrpcAsync(Traffic.LinearRequest("linear"), header, value));
        }

        Assert.Equal(["a", "b", "c"], variants.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
        await server.MetricIsAsync(120, "mlsystem_variant_choices", ("model", "linear"), ("reason", "sticky"));
    }

    [Fact]
    public async Task Without_the_key_the_weights_choose_and_it_is_counted()
    {
        await using var registry = await Traffic.RegistryAsync("linear", Linear, Traffic.Sticky("header:X-User"));
        await using var server = await InferenceServer.StartAsync(registry.Url);
        var variants = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < 40; i++)
        {
            variants.Add(await server.RestAsync("linear", Requests.LinearBody(1)));
        }

        Assert.Equal(3, variants.Count);
        await server.MetricIsAsync(40, "mlsystem_variant_choices", ("reason", "no_key"));
        Assert.Equal("b", await server.RestAsync("linear/versions/2", Requests.LinearBody(1)));
        await server.MetricIsAsync(1, "mlsystem_variant_choices", ("variant", "b"), ("reason", "version"));
    }

    [Fact]
    public async Task A_join_key_chooses_after_the_inputs_were_read()
    {
        await using var registry = await Traffic.RegistryAsync("columns", Columns, Traffic.Sticky("input:person_id"));
        await using var server = await InferenceServer.StartAsync(registry.Url);
        var variants = new List<string>();
        for (var person = 0; person < 30; person++)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"p{person}");
            variants.Add(await server.RestAsync("columns", Traffic.ColumnsBody(name)));
            Assert.Equal(variants[^1], await server.RestAsync("columns", Traffic.ColumnsBody(name, name)));
            Assert.Equal(variants[^1], await server.GrpcAsync(Traffic.ColumnsRequest("columns", name)));
        }

        Assert.Equal(2, variants.Distinct(StringComparer.Ordinal).Count());
        _ = await server.RestAsync("columns", Traffic.ColumnsBody("p1", "p2"));
        _ = await server.RestAsync("columns", Traffic.ColumnsBody(""));
        await server.MetricIsAsync(90, "mlsystem_variant_choices", ("reason", "sticky"));
        await server.MetricIsAsync(1, "mlsystem_variant_choices", ("reason", "mixed_key"));
        await server.MetricIsAsync(1, "mlsystem_variant_choices", ("reason", "no_key"));
        await server.MetricIsAsync(0, "nv_inference_pending_request_count");
        var policy = await server.PolicyAsync("columns");
        Assert.Equal(("sticky", "input:person_id", 92), (policy.GetProperty("kind").GetString(), policy.GetProperty("key").GetString(), policy.GetProperty("recent_choices").GetInt32()));
        Assert.Equal(1, policy.Variant("a").GetProperty("recent_share").GetDouble() + policy.Variant("b").GetProperty("recent_share").GetDouble(), 6);
    }

    /// <summary>Every caller's numbers come out as they went in, whichever variant they were moved to, and the id carries the variant's tag.</summary>
    [Fact]
    public async Task Moved_inputs_are_the_callers_own()
    {
        await using var registry = await Traffic.RegistryAsync("columns", Columns, Traffic.Sticky("age"));
        await using var server = await InferenceServer.StartAsync(registry.Url);
        var tags = (await server.PolicyAsync("columns")).GetProperty("variants").EnumerateArray().ToDictionary(v => v.GetProperty("name").GetString()!, v => v.GetProperty("tag").GetString()!, StringComparer.Ordinal);
        await Parallel.ForEachAsync(Enumerable.Range(0, 400), new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (i, _) =>
        {
            var (status, body) = await server.InferAsync("columns", $$"""
                {"outputs":[{"name":"plan_out"},{"name":"age_out"},{"name":"income_out"}],"inputs":[{"name":"age","shape":[1],"datatype":"FP32","data":[{{i}}]},{"name":"income","shape":[1],"datatype":"FP64","data":[{{(i % 3 == 0 ? "null" : $"{i}.5")}}]},{"name":"plan","shape":[1],"datatype":"BYTES","data":["plan {{i}}"]}]}
                """);
            Assert.True(status == 200, body.ToString());
            var data = body.GetProperty("outputs").EnumerateArray().Select(output => output.GetProperty("data")[0].GetRawText());
            Assert.Equal([$"\"plan {i}\"", $"{i}", i % 3 == 0 ? "null" : $"{i}.5"], data);
            Assert.EndsWith(tags[body.GetProperty("parameters").GetProperty("variant").GetString()!], body.RequestId(), StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task Variants_with_other_inputs_get_those_that_they_take()
    {
        await using var registry = await Traffic.RegistryAsync("mixed", [Traffic.Variant("a", 1, model: "plain"), Traffic.Variant("b", 1, model: "city")], Traffic.Sticky("input:plan"));
        registry.AddVersion("plain", 1, ModelFolder.Columns(lookup: false));
        registry.AddVersion("city", 1, City());
        await using var server = await InferenceServer.StartAsync(registry.Url);
        await Requests.EventuallyAsync(async () => (await server.InferAsync("mixed", MixedBody("x", city: true))).Status == 200);
        var variants = new HashSet<string>(StringComparer.Ordinal);
        for (var plan = 0; plan < 20; plan++)
        {
            var (status, body) = await server.InferAsync("mixed", MixedBody($"p{plan}", city: true));
            Assert.True(status == 200, body.ToString());
            var variant = body.GetProperty("parameters").GetProperty("variant").GetString()!;
            variants.Add(variant);
            Assert.Equal(variant == "a" ? ["age_out", "income_out", "plan_out"] : ["city_out", "plan_out"], body.GetProperty("outputs").EnumerateArray().Select(o => o.GetProperty("name").GetString()!));
            (status, body) = await server.InferAsync("mixed", MixedBody($"p{plan}", city: false));
            Assert.True(status == (variant == "a" ? 200 : 400), body.ToString());
            if (status == 400)
            {
                Assert.Contains("absent inputs 'city'", body.Error(), StringComparison.Ordinal);
            }
        }

        Assert.Equal(2, variants.Count);
        await server.MetricIsAsync(0, "nv_inference_pending_request_count");
    }

    [Fact]
    public async Task A_key_that_no_variant_has_is_told_and_the_weights_choose()
    {
        await using var registry = await Traffic.RegistryAsync("linear", Linear, Traffic.Sticky("input:nobody"));
        await using var server = await InferenceServer.StartAsync(registry.Url);
        _ = await server.RestAsync("linear", Requests.LinearBody(1));
        Assert.Contains("'nobody'", (await server.PolicyAsync("linear")).GetProperty("problem").GetString(), StringComparison.Ordinal);
        using var unknown = await server.Http.GetAsync("/v2/models/nothing/policy");
        Assert.Equal(404, (int)unknown.StatusCode);
        using var loaded = await server.Http.PostAsync("/v2/repository/models/linear/load", null);
        Assert.Equal(200, (int)loaded.StatusCode);
    }

    private static string MixedBody(string plan, bool city) => $$"""
        {"inputs":[{"name":"age","shape":[1],"datatype":"FP32","data":[1]},{"name":"income","shape":[1],"datatype":"FP64","data":[2]},{"name":"plan","shape":[1],"datatype":"BYTES","data":["{{plan}}"]}{{(city ? """,{"name":"city","shape":[1],"datatype":"BYTES","data":["Ulm"]}""" : "")}}]}
        """;

    private static ModelFolder City()
    {
        var graph = new GraphBuilder("city");
        graph.Output("city_out", graph.Identity(graph.Input("city", new TensorType(ElementType.String, Dimension.Batch, 1))));
        graph.Output("plan_out", graph.Identity(graph.Input("plan", new TensorType(ElementType.String, Dimension.Batch, 1))));
        return ModelFolder.Of(graph, ModelFolder.Signature(
            ModelTask.Custom,
            [ModelFolder.Spec("city", "BYTES", -1, 1), ModelFolder.Spec("plan", "BYTES", -1, 1)],
            [ModelFolder.Spec("city_out", "BYTES", -1, 1), ModelFolder.Spec("plan_out", "BYTES", -1, 1)]));
    }
}

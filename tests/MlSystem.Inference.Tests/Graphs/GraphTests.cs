using MlSystem.Inference.Protocols.Grpc;
using MlSystem.Inference.Tests.Fixture;

namespace MlSystem.Inference.Tests.Graphs;

public sealed class GraphTests(GraphServer shared) : IClassFixture<GraphServer>
{
    private InferenceServer Server => shared.Server;

    [Theory]
    [InlineData("mean", 3f)]
    [InlineData("weighted", 2.5f)]
    [InlineData("stack", 402f)]
    [InlineData("sequence", 240f)]
    public async Task Numbers_are_combined(string graph, float expected)
    {
        var (status, body) = await Server.InferAsync(graph, GraphModels.Body(2, 20, -1));

        Assert.True(status == 200, body.ToString());
        float[] all = [expected, expected * 10, -expected / 2];
        Assert.Equal(all, body.Floats("prediction"));
    }

    /// <summary>P(yes) is x · (1 + 3 · 0.5) / 4 = 0.625 x; the second member has its classes the other way round.</summary>
    [Fact]
    public async Task Soft_votes_are_means_of_the_same_class()
    {
        var (_, body) = await Server.InferAsync("soft", GraphModels.Body(1, 0.5f, 0.8f));

        Assert.Equal([0.625f, 0.375f, 0.3125f, 0.6875f, 0.5f, 0.5f], body.Floats("probabilities").Select(p => MathF.Round(p, 6)));
        Assert.Equal(["yes", "no"], body.Output("label").EnumerateArray().Take(2).Select(label => label.GetString()!));
    }

    /// <summary>Members say yes from x = 0.5, 1 and 2 on, with the weights 1, 1 and 1.5.</summary>
    [Fact]
    public async Task Hard_votes_go_by_weight()
    {
        var (_, body) = await Server.InferAsync("hard", GraphModels.Body(0.4f, 0.6f, 1.5f, 3));

        Assert.Equal(["no", "no", "yes", "yes"], body.Output("label").EnumerateArray().Select(label => label.GetString()!));
    }

    [Fact]
    public async Task Merged_outputs_carry_their_steps_names()
    {
        var (_, body) = await Server.InferAsync("merge", GraphModels.Body(1));

        Assert.Equal(["a.prediction", "b.label", "b.probabilities"], body.GetProperty("outputs").EnumerateArray().Select(output => output.GetProperty("name").GetString()!));
    }

    /// <summary>Random rows: each takes the way of its own condition, and the answers stand in the rows' order.</summary>
    [Fact]
    public async Task A_switch_sends_each_row_its_own_way()
    {
        var random = new Random(5);
        for (var i = 0; i < 50; i++)
        {
            var x = Enumerable.Range(0, random.Next(1, 40)).Select(_ => (float)random.Next(30)).ToArray();

            var (status, body) = await Server.InferAsync("switch", GraphModels.Body(x));

            Assert.True(status == 200, body.ToString());
            Assert.Equal(x.Select(v => v < 10 ? 2 * v : v < 20 ? v : 4 * v), body.Floats("prediction"));
        }
    }

    [Fact]
    public async Task A_row_without_a_way_is_named()
    {
        var (status, body) = await Server.InferAsync("strict", GraphModels.Body(11, 12, 3));

        Assert.Equal(400, status);
        Assert.Contains("row 2 meets no condition of node 'root'", body.Error(), StringComparison.Ordinal);
        var (_, ways) = await Server.InferAsync("strict", GraphModels.Body(11, 12));
        Assert.Equal([22f, 24f], ways.Floats("prediction"));
    }

    /// <summary>Of 4,000 rows 80 % ± 4 standard deviations go to the step with 80 of 100, and none to the one with weight 0.</summary>
    [Fact]
    public async Task A_splitter_holds_its_weights()
    {
        var (_, body) = await Server.InferAsync("splitter", GraphModels.Body([.. Enumerable.Repeat(1f, 4000)]));

        var answers = body.Floats("prediction");
        Assert.InRange(answers.Count(answer => answer == 1), 3100, 3300);
        Assert.DoesNotContain(4f, answers);
        Assert.Equal(4000, answers.Length);
    }

    [Fact]
    public async Task A_failed_member_is_dropped_and_told()
    {
        var (status, body) = await Server.InferAsync("dropping", GraphModels.Body(3));

        Assert.True(status == 200, body.ToString());
        Assert.Equal(9f, body.Prediction());
        Assert.Equal("root/fragile-1", body.GetProperty("parameters").GetProperty("members_dropped").GetString());
        var (_, whole) = await Server.InferAsync("dropping", GraphModels.Body(0));
        Assert.Equal(35f / 8, whole.Prediction());
        Assert.False(whole.GetProperty("parameters").TryGetProperty("members_dropped", out _));
        var metrics = await Server.Http.GetStringAsync("/metrics");
        Assert.Matches("""mlsystem_graph_members_dropped(_total)?\{[^}]*graph="dropping/1",node="root",step="fragile-1"[^}]*\} [1-9]""", metrics);
        Assert.Matches("""mlsystem_graph_member_runs(_total)?\{(?=[^}]*graph="dropping/1")(?=[^}]*step="fragile-1")(?=[^}]*member="fragile/1")(?=[^}]*outcome="failed")[^}]*\} [1-9]""", metrics);
    }

    [Fact]
    public async Task What_an_inner_graph_drops_is_told_by_the_outer()
    {
        var (_, body) = await Server.InferAsync("nested", GraphModels.Body(3));

        Assert.Equal((9f + 6f) / 2, body.Prediction());
        Assert.Equal("root/inner/root/fragile-1", body.GetProperty("parameters").GetProperty("members_dropped").GetString());
    }

    [Fact]
    public async Task Too_few_members_fail_the_request()
    {
        var (status, body) = await Server.InferAsync("too-few", GraphModels.Body(3));

        Assert.InRange(status, 400, 500);
        Assert.Contains("1 of 2 members of node 'root' answered, 2 must; node 'root', step 'fragile-1'", body.Error(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_member_that_must_answer_fails_the_request_and_no_other()
    {
        for (var i = 0; i < 20; i++)
        {
            var answers = await Task.WhenAll(Server.InferAsync("failing", GraphModels.Body(3)), Server.InferAsync("failing", GraphModels.Body(0)));

            Assert.InRange(answers[0].Status, 400, 500);
            Assert.Contains("node 'root', step 'fragile-1'", answers[0].Body.Error(), StringComparison.Ordinal);
            Assert.Equal(3.5f, answers[1].Body.Prediction());
        }
    }

    [Fact]
    public async Task Metadata_lists_the_members()
    {
        using var metadata = System.Text.Json.JsonDocument.Parse(await Server.Http.GetStringAsync("/v2/models/nested"));

        Assert.Equal("ensemble", metadata.RootElement.GetProperty("platform").GetString());
        Assert.Equal("dropping/1,scale/2", metadata.RootElement.GetProperty("properties").GetProperty("members").GetString());
        Assert.Equal("x", metadata.RootElement.GetProperty("inputs")[0].GetProperty("name").GetString());
    }

    [Fact]
    public async Task Grpc_tells_dropped_members_too()
    {
        var request = new ModelInferRequest { ModelName = "dropping" };
        var input = new ModelInferRequest.Types.InferInputTensor { Name = "x", Datatype = "FP32", Contents = new InferTensorContents { Fp32Contents = { 3 } } };
        input.Shape.AddRange([1, 1]);
        request.Inputs.Add(input);

        var response = await Server.Grpc.ModelInferAsync(request);

        Assert.Equal("root/fragile-1", response.Parameters["members_dropped"].StringParam);
        Assert.Equal(9f, response.Outputs[0].Contents.Fp32Contents[0]);
    }

    /// <summary>Many callers at once, of all ways: nobody gets another's rows.</summary>
    [Fact]
    public async Task Callers_keep_their_own_rows() => await Parallel.ForEachAsync(Enumerable.Range(0, 16), async (client, _) =>
    {
        var random = new Random(client);
        for (var i = 0; i < 100; i++)
        {
            var x = Enumerable.Range(0, random.Next(1, 6)).Select(_ => (float)random.Next(1, 1000)).ToArray();
            Assert.Equal(x.Select(v => v < 10 ? 2 * v : v < 20 ? v : 4 * v), (await Server.InferAsync("switch", GraphModels.Body(x))).Body.Floats("prediction"));
            Assert.Equal(x.Select(v => 1.5f * v), (await Server.InferAsync("mean", GraphModels.Body(x))).Body.Floats("prediction"));
            Assert.Equal(x.Select(v => 3f * v), (await Server.InferAsync("dropping", GraphModels.Body(x))).Body.Floats("prediction"));
        }
    });
}

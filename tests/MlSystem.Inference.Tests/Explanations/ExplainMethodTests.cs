using System.Globalization;
using System.Text.Json;
using MlSystem.Inference.Tests.Fixture;
using MlSystem.Onnx;

namespace MlSystem.Inference.Tests.Explanations;

/// <summary>Every method over REST on models whose answer is known.</summary>
[Collection(nameof(ExplainServer))]
public sealed class ExplainMethodTests(ExplainServer shared)
{
    private const string ProductRow = "\"inputs\":[{\"name\":\"p\",\"shape\":[1],\"datatype\":\"FP32\",\"data\":[2]},{\"name\":\"q\",\"shape\":[1],\"datatype\":\"FP32\",\"data\":[3]},{\"name\":\"r\",\"shape\":[1],\"datatype\":\"FP32\",\"data\":[1.5]},{\"name\":\"s\",\"shape\":[1],\"datatype\":\"FP32\",\"data\":[0.5]}]";
    private const string ProductBackground = """[{"p":0,"q":1,"r":-1,"s":0},{"p":1,"q":-2,"r":0.5,"s":0.5},{"p":-1,"q":0.5,"r":2,"s":1}]""";
    private static readonly double[][] BackgroundRows = [[0, 1, -1, 0], [1, -2, 0.5, 0.5], [-1, 0.5, 2, 1]];
    private readonly InferenceServer _server = shared.Server;

    [Fact]
    public async Task A_linear_model_is_explained_exactly_from_its_baseline()
    {
        var (status, answer) = await _server.ExplainAsync("logistic", $"{{{ExplainModels.Inputs(("a", "FP32", "3,null"), ("b", "FP32", "null,6"), ("plan", "BYTES", "\"gold\",\"none\""))}}}");
        Assert.True(status == 200, answer.ToString());
        Assert.Equal(("linear", true, "raw", "Yes"), (Text(answer, "method"), answer.GetProperty("exact").GetBoolean(), Text(answer, "scale"), answer.GetProperty("explanations")[0].GetProperty("class").GetString()));

        // Means: a 4/3; b (0.4·2 + 0.4·6 + 0.2·fill 2) = 3.6 with a fifth missing; plan basic 0.75.
        var (a, b) = (2 * 0.5 * (3 - (4.0 / 3)), (-1 * 0.25 * (2 - 3.6)) + (0.25 * (1 - 0.2)));
        var first = answer.Contributions();
        Assert.Equal(a, first["a"], 1e-6);
        Assert.Equal(b, first["b"], 1e-6);
        Assert.Equal((0.75 * (0 - 0.75)) + (-1.5 * (1 - 0.25)), first["plan"], 1e-6);
        Assert.Equal((2 * 0.5 * ((4.0 / 3) - 1)) - (0.25 * (3.6 - 2)) + (0.25 * 0.2) + (0.75 * 0.75) - (1.5 * 0.25) + 0.1, answer.Number("base_value"), 1e-6);
        Assert.Equal(answer.Number("value", 1), answer.Number("base_value", 1) + answer.Contributions(1).Values.Sum(), 1e-6);
        Assert.Equal(JsonValueKind.Null, answer.GetProperty("explanations")[1].GetProperty("contributions")[0].GetProperty("value").ValueKind);
    }

    [Fact]
    public async Task Kernel_shap_with_few_columns_is_shapleys_definition()
    {
        var (status, answer) = await _server.ExplainAsync("product", $"{{{ProductRow},\"parameters\":{{\"background\":{ProductBackground}}}}}");
        Assert.True(status == 200, answer.ToString());
        Assert.Equal(("kernel_shap", true, "request"), (Text(answer, "method"), answer.GetProperty("exact").GetBoolean(), Text(answer, "background")));
        Assert.False(string.IsNullOrEmpty(Text(answer, "exact_refused")));
        double[] row = [2, 3, 1.5, 0.5];
        var expected = TreeShapOracleTests.Shapley(
            known => BackgroundRows.Average(other => Value([.. row.Select((v, i) => (known >> i & 1) != 0 ? v : other[i])])), players: 4);
        Assert.Equal(expected, answer.Contributions().Values, (x, y) => Math.Abs(x - y) < 1e-5);
        Assert.Equal(BackgroundRows.Average(Value), answer.Number("base_value"), 1e-5);
        Assert.InRange(Math.Abs(answer.Number("residual")), 0, 1e-9);
    }

    [Fact]
    public async Task Kernel_shap_with_few_samples_adds_up_and_a_seed_repeats_it()
    {
        async Task<string> RunAsync(int seed)
        {
            var (_, answer) = await _server.ExplainAsync("product", $"{{{ProductRow},\"parameters\":{{\"method\":\"kernel_shap\",\"samples\":6,\"seed\":{seed},\"background\":{ProductBackground}}}}}");
            Assert.False(answer.GetProperty("exact").GetBoolean());
            Assert.InRange(Math.Abs(answer.Number("residual")), 0, 1e-9);
            return answer.GetProperty("explanations").GetRawText();
        }

        var fourth = await RunAsync(4);
        Assert.Equal(fourth, await RunAsync(4));
        Assert.Contains(await Task.WhenAll(Enumerable.Range(5, 8).Select(RunAsync)), text => text != fourth);
    }

    [Fact]
    public async Task Lime_recovers_the_coefficients_of_a_linear_model()
    {
        const string body = """{"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","data":[1,2,3]}],"parameters":{"method":"lime","samples":800,"seed":1,"background":[{"x":[0,0,0]},{"x":[2,5,-1]},{"x":[1,-3,4]}]}}""";
        var (status, answer) = await _server.ExplainAsync("linear", body);
        Assert.True(status == 200, answer.ToString());
        var coefficients = answer.GetProperty("explanations")[0].GetProperty("contributions").EnumerateArray().Select(c => (c.GetProperty("column").GetString()!, c.GetProperty("coefficient").GetDouble())).ToList();
        Assert.Equal(["x[0]", "x[1]", "x[2]"], coefficients.Select(c => c.Item1));
        Assert.Equal([1.0, 10, 100], coefficients.Select(c => c.Item2), (x, y) => Math.Abs(x - y) <= 1e-3 * y);
        Assert.InRange(answer.Number("local_fit"), 0.9999, 1.0001);
        Assert.Equal(answer.GetProperty("explanations").GetRawText(), (await _server.ExplainAsync("linear", body)).Body.GetProperty("explanations").GetRawText());
    }

    [Fact]
    public async Task Trees_of_other_converters_are_explained_for_the_predicted_class_and_over_a_background()
    {
        const string inputs = """{"inputs":[{"name":"x","shape":[2,3],"datatype":"FP32","data":[0,0,0,1,1,1]}],"parameters":{"method":"METHOD","background":[{"x":[0,0,0]},{"x":[1,1,1]},{"x":[1,0,1]},{"x":[0,1,1]}]}}""";
        foreach (var method in (string[])["tree_shap", "tree_shap_interventional"])
        {
            var (status, answer) = await _server.ExplainAsync("classifier", inputs.Replace("METHOD", method, StringComparison.Ordinal));
            Assert.True(status == 200, answer.ToString());

            // Row 0: scores 1, 0.5, -0.25 → x; row 1: -1, 2, 1.75 → y. Each class' trees are stumps, so both ways give the same.
            Assert.Equal(["x", "y"], answer.GetProperty("explanations").EnumerateArray().Select(e => e.GetProperty("class").GetString()));
            Assert.Equal((1.0, 0.0), (answer.Contributions()["x[0]"], answer.Number("base_value")));
            Assert.Equal((0.75, 1.25), (answer.Contributions(1)["x[1]"], answer.Number("base_value", 1)));
            Assert.All([0, 1], row => Assert.InRange(Math.Abs(answer.Number("residual", row)), 0, 1e-6));
        }

        var (_, one) = await _server.ExplainAsync("classifier", inputs.Replace("METHOD", "tree_shap\",\"top_k\":1,\"class\":\"z", StringComparison.Ordinal));
        Assert.Equal(1, one.GetProperty("explanations")[0].GetProperty("contributions").GetArrayLength());
        Assert.True(one.GetProperty("explanations")[0].TryGetProperty("others", out _), one.ToString());
    }

    [Theory]
    [InlineData(0, PostTransform.Logistic, false)]
    [InlineData(1, PostTransform.Logistic, false)]
    [InlineData(0, PostTransform.None, false)]
    [InlineData(1, PostTransform.None, false)]
    [InlineData(1, PostTransform.None, true)]
    public async Task A_binary_booster_with_one_score_is_explained_as_the_model_scores_it(int output, PostTransform transform, bool positive)
    {
        await using var registry = new RegistryDouble();
        registry.AddVersion("single", 1, ExplainModels.SingleScore(output, transform, positive));
        registry.SetEndpoint("single", 1);
        await registry.StartAsync();
        await using var server = await InferenceServer.StartAsync(registry.Url);
        const string inputs = """
            "inputs":[{"name":"x","shape":[2,3],"datatype":"FP32","data":[0,0,0,1,1,1]}]
            """;
        var (_, predicted) = await server.InferAsync("single", $"{{{inputs}}}");
        var values = predicted.GetProperty("outputs").EnumerateArray().Single(o => o.GetProperty("name").GetString() == "probabilities").GetProperty("data").EnumerateArray().Select(v => v.GetDouble()).ToArray();
        for (var c = 0; c < 2; c++)
        {
            var (status, answer) = await server.ExplainAsync("single", $"{{{inputs},\"parameters\":{{\"method\":\"tree_shap\",\"class\":{c},\"background\":[{{\"x\":[0,0,0]}},{{\"x\":[1,0,1]}}]}}}}");
            Assert.True(status == 200, answer.ToString());
            for (var row = 0; row < 2; row++)
            {
                var given = values[(row * 2) + c];
                Assert.Equal(transform == PostTransform.Logistic ? Math.Log(given / (1 - given)) : given, answer.Number("value", row), 1e-5);
                Assert.InRange(Math.Abs(answer.Number("residual", row)), 0, 1e-6);
            }
        }
    }

    [Fact]
    public async Task Permutation_importance_finds_the_columns_that_matter()
    {
        var random = new Random(3);
        var rows = Enumerable.Range(0, 200).Select(_ => Enumerable.Range(0, 4).Select(_ => (random.NextDouble() * 4) - 2).ToArray()).ToList();
        string Data(int column) => string.Join(',', rows.Select(row => ((float)row[column]).ToString("R", CultureInfo.InvariantCulture)));
        var labels = string.Join(',', rows.Select(row => Value(row).ToString("R", CultureInfo.InvariantCulture)));
        var body = $"{{{ExplainModels.Inputs(("p", "FP32", Data(0)), ("q", "FP32", Data(1)), ("r", "FP32", Data(2)), ("s", "FP32", Data(3)))},\"parameters\":{{\"method\":\"permutation\",\"repeats\":3,\"labels\":[{labels}]}}}}";
        var (status, answer) = await _server.ExplainAsync("product", body);
        Assert.True(status == 200, answer.ToString());
        var importance = answer.GetProperty("importance");
        Assert.Equal("rmse", importance.GetProperty("metric").GetString());
        Assert.InRange(importance.GetProperty("score").GetDouble(), 0, 1e-5);
        Assert.All(importance.GetProperty("columns").EnumerateArray(), column => Assert.True(column.GetProperty("mean").GetDouble() > 0.5, column.ToString()));

        var classes = $"{{{ExplainModels.Inputs(("a", "FP32", "0,1,2,3"), ("b", "FP32", "2,2,2,2"), ("plan", "BYTES", "\"gold\",\"gold\",\"basic\",\"basic\""))},\"parameters\":{{\"method\":\"permutation\",\"metric\":\"METRIC\",\"labels\":[\"No\",\"No\",\"Yes\",\"Yes\"]}}}}";
        foreach (var metric in (string[])["log_loss", "auc", "accuracy"])
        {
            (status, answer) = await _server.ExplainAsync("logistic", classes.Replace("METRIC", metric, StringComparison.Ordinal));
            Assert.True(status == 200, answer.ToString());
            var columns = answer.GetProperty("importance").GetProperty("columns");
            Assert.Equal(0, columns[1].GetProperty("mean").GetDouble());
            Assert.True(columns[2].GetProperty("mean").GetDouble() >= 0, answer.ToString());
        }
    }

    [Fact]
    public async Task Log_odds_by_any_method_are_those_of_the_linear_model()
    {
        var inputs = ExplainModels.Inputs(("a", "FP32", "0"), ("b", "FP32", "6"), ("plan", "BYTES", "\"gold\""));
        const string background = """[{"a":1,"b":2,"plan":"basic"},{"a":3,"b":null,"plan":"gold"}]""";
        var (_, exact) = await _server.ExplainAsync("logistic", $"{{{inputs},\"parameters\":{{\"background\":{background}}}}}");
        var (_, kernel) = await _server.ExplainAsync("logistic", $"{{{inputs},\"parameters\":{{\"method\":\"kernel_shap\",\"scale\":\"raw\",\"background\":{background}}}}}");
        Assert.Equal("linear", Text(exact, "method"));
        Assert.Equal(exact.Contributions().Values, kernel.Contributions().Values, (x, y) => Math.Abs(x - y) < 1e-4);
    }

    [Fact]
    public async Task A_version_is_addressed_and_explanations_are_no_predictions()
    {
        using var response = await _server.Http.PostAsync("/v2/models/linear/versions/2/explain", Requests.Json("""{"id":"mine","inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","data":[1,2,3]}],"parameters":{"background":[{"x":[0,0,0]}]}}"""));
        using var json = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        Assert.Equal(1321, json.RootElement.Number("value"), 1e-3);
        Assert.Equal(("2", "mine"), (Text(json.RootElement, "model_version"), Text(json.RootElement, "id")));
        Assert.Equal("direct", response.Headers.GetValues("X-Variant").Single());
        var metrics = await _server.Http.GetStringAsync("/metrics");
        Assert.Contains("mlsystem_explanations", metrics, StringComparison.Ordinal);
        Assert.DoesNotMatch("""nv_inference_count\{[^}]*variant="direct"[^}]*\} [1-9]""", metrics);
        Assert.Contains("\"explain\"", await _server.Http.GetStringAsync("/v2"), StringComparison.Ordinal);
    }

    private static double Value(double[] row) => (row[0] * row[1]) + (2 * Math.Max(row[2], 0)) - row[3];

    private static string? Text(JsonElement answer, string name) => answer.GetProperty(name).GetString();
}

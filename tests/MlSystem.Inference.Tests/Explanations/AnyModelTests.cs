using System.Globalization;
using System.Text.Json;
using Microsoft.ML;
using Microsoft.ML.Data;
using MlSystem.Contracts;
using MlSystem.Inference.Tests.Fixture;
using MlSystem.Inference.Tests.Runtimes;
using MlSystem.Onnx;

namespace MlSystem.Inference.Tests.Explanations;

/// <summary>KernelSHAP and LIME of models that no exact method knows, against Shapley's definition.</summary>
public sealed class AnyModelTests
{
    private const string Row = """{"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","data":[1,2,3]}],"parameters":{"method":"METHOD","background":[{"x":[0,0,0]},{"x":[2,5,-1]},{"x":[1,-3,4]}]}}""";

    /// <summary>The mean of x·(1, 10, 100) and the same plus 1,000: linear, so that the contributions are known.</summary>
    [Fact]
    public async Task A_graph_of_versions_is_explained_over_its_inputs()
    {
        await using var bed = await Bed.StartAsync(
            ("linear", ModelFolder.Linear()), ("other", ModelFolder.Linear(bias: 1000)),
            ("model", GraphModels.Graph("""{"root":{"router_type":"Ensemble","combine":"mean","steps":[{"model":"linear","version":1},{"model":"other","version":1}]}}""")));
        var answer = await bed.ExplainAsync(Row.Replace("METHOD", "auto", StringComparison.Ordinal));
        Assert.Equal(("kernel_shap", true), (answer.GetProperty("method").GetString(), answer.GetProperty("exact").GetBoolean()));
        Assert.Contains("no ONNX graph", answer.GetProperty("exact_refused").GetString(), StringComparison.Ordinal);
        Near([0.0, 10 * (2 - (2.0 / 3)), 100 * (3 - 1.0)], answer.Contributions().Values, share: 1e-3);
        Assert.Equal(500 + 1 + (10 * (2.0 / 3)) + 100, answer.Number("base_value"), 1e-3);

        var lime = await bed.ExplainAsync(Row.Replace("METHOD", "lime", StringComparison.Ordinal));
        Near([1, 10, 100], lime.GetProperty("explanations")[0].GetProperty("contributions").EnumerateArray().Select(c => c.GetProperty("coefficient").GetDouble()), share: 1e-2);
        var (status, refused) = await bed.Server.ExplainAsync("model", Row.Replace("METHOD", "tree_shap", StringComparison.Ordinal));
        Assert.Equal(400, status);
        Assert.Contains("no ONNX graph", refused.Error(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pipeline_of_ml_net_is_explained_over_its_columns()
    {
        var models = new MlNetModels();
        var (model, folder) = models.Train(models.Features().Append(models.Context.Regression.Trainers.FastTree("Amount", numberOfTrees: 20)));
        using var engine = models.Context.Model.CreatePredictionEngine<MlNetModels.Row, Value>(model);
        var random = new Random(4);
        var (row, background) = (MlNetModels.Next(random), Enumerable.Range(0, 4).Select(_ => MlNetModels.Next(random)).ToList());
        await using var bed = await Bed.StartAsync(("model", folder));
        var answer = await bed.ExplainAsync(Body(row, background, "kernel_shap"));
        Assert.True(answer.GetProperty("exact").GetBoolean());
        var expected = TreeShapOracleTests.Shapley(known => background.Average(other => (double)engine.Predict(Mixed(row, other, known)).Score), players: 6);
        Near(expected, Players.Select(name => answer.Contributions()[name]));
        Assert.Equal(engine.Predict(row).Score, answer.Number("value"), 1e-4);

        var lime = await bed.ExplainAsync(Body(row, background, "lime"));
        Assert.Equal(6, lime.Contributions().Count);
        Assert.Equal(lime.GetProperty("explanations").GetRawText(), (await bed.ExplainAsync(Body(row, background, "lime"))).GetProperty("explanations").GetRawText());
    }

    /// <summary>2¹¹ − 2 coalitions are within the default of 2 · 11 + 2,048, 2¹² − 2 are not within 2 · 12 + 2,048.</summary>
    [Theory]
    [InlineData(11, null, true)]
    [InlineData(12, null, false)]
    [InlineData(12, 4094, true)]
    public async Task Kernel_shap_is_exact_up_to_eleven_columns_by_default(int columns, int? samples, bool exact)
    {
        await using var bed = await Bed.StartAsync(("model", Neighbours(columns)));
        var random = new Random(columns);
        double[] Next() => [.. Enumerable.Range(0, columns).Select(_ => (double)random.Next(-3, 4) / 2)];
        var (row, background) = (Enumerable.Range(0, columns).Select(i => 4.0 + i).ToArray(), Enumerable.Range(0, 3).Select(_ => Next()).ToArray());
        var others = string.Join(',', background.Select(b => $"{{\"x\":[{Text(b)}]}}"));
        var given = samples is null ? "" : $"\"samples\":{samples},";
        var answer = await bed.ExplainAsync($$$"""
            {"inputs":[{"name":"x","shape":[1,{{{columns}}}],"datatype":"FP32","data":[{{{Text(row)}}}]}],
             "parameters":{"method":"kernel_shap",{{{given}}}"background":[{{{others}}}]}}
            """);
        Assert.Equal(exact, answer.GetProperty("exact").GetBoolean());
        Assert.InRange(Math.Abs(answer.Number("residual")), 0, 1e-6);
        if (exact)
        {
            var expected = TreeShapOracleTests.Shapley(known => background.Average(other => Value([.. row.Select((v, i) => (known >> i & 1) != 0 ? v : other[i])])), columns);
            Near(expected, Enumerable.Range(0, columns).Select(i => answer.Contributions()[$"x[{i}]"]));
        }

        static double Value(double[] x) => Enumerable.Range(0, x.Length - 1).Sum(i => x[i] * x[i + 1]);
    }

    private static readonly string[] Players = ["Age", "Income", "Signals[0]", "Signals[1]", "Signals[2]", "Plan"];

    private static MlNetModels.Row Mixed(MlNetModels.Row row, MlNetModels.Row other, int known)
    {
        MlNetModels.Row From(int player) => (known >> player & 1) != 0 ? row : other;
        return new MlNetModels.Row
        {
            Age = From(0).Age, Income = From(1).Income, Signals = [From(2).Signals[0], From(3).Signals[1], From(4).Signals[2]], Plan = From(5).Plan,
        };
    }

    private static string Body(MlNetModels.Row row, IEnumerable<MlNetModels.Row> background, string method) => $$$"""
        {"inputs":[
          {"name":"Age","shape":[1],"datatype":"FP32","data":[{{{Text(row.Age)}}}]},{"name":"Income","shape":[1],"datatype":"FP32","data":[{{{Text(row.Income)}}}]},
          {"name":"Signals","shape":[1,3],"datatype":"FP32","data":[{{{Text([.. row.Signals.Select(v => (double)v)])}}}]},{"name":"Plan","shape":[1],"datatype":"BYTES","data":["{{{row.Plan}}}"]}],
         "parameters":{"method":"{{{method}}}","seed":3,"background":[{{{string.Join(',', background.Select(Other))}}}]}}
        """;

    private static string Other(MlNetModels.Row row) =>
        $$"""{"Age":{{Text(row.Age)}},"Income":{{Text(row.Income)}},"Signals":[{{Text([.. row.Signals.Select(v => (double)v)])}}],"Plan":"{{row.Plan}}"}""";

    private static string Text(params double[] values) => string.Join(',', values.Select(value => value.ToString("R", CultureInfo.InvariantCulture)));

    /// <summary>prediction = Σ x[i] · x[i + 1].</summary>
    private static ModelFolder Neighbours(int columns)
    {
        var graph = new GraphBuilder("neighbours");
        var x = graph.Input("x", new TensorType(ElementType.Float, Dimension.Batch, columns));
        graph.Output("prediction", graph.ReduceSum(graph.Mul(graph.Slice(x, 0, columns - 1, 1), graph.Slice(x, 1, columns, 1)), [1]));
        return ModelFolder.Of(graph, ModelFolder.Signature(ModelTask.Regression, [ModelFolder.Spec("x", "FP32", -1, columns)], [ModelFolder.Spec("prediction", "FP32", -1)]));
    }

    private static void Near(IEnumerable<double> expected, IEnumerable<double> actual, double share = 1e-4) =>
        Assert.All(expected.Zip(actual), pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, share * Math.Max(1, Math.Abs(pair.First))));

    private sealed class Value
    {
        [ColumnName("Score")]
        public float Score { get; set; }
    }

    private sealed record Bed(RegistryDouble Registry, InferenceServer Server) : IAsyncDisposable
    {
        public static async Task<Bed> StartAsync(params (string Name, ModelFolder Folder)[] models)
        {
            var registry = new RegistryDouble();
            foreach (var (name, folder) in models)
            {
                registry.AddVersion(name, 1, folder);
            }

            registry.SetEndpoint("model", 1);
            await registry.StartAsync();
            return new Bed(registry, await InferenceServer.StartAsync(registry.Url));
        }

        public async Task<JsonElement> ExplainAsync(string body)
        {
            var (status, answer) = await Server.ExplainAsync("model", body);
            Assert.True(status == 200, answer.ToString());
            return answer;
        }

        public async ValueTask DisposeAsync()
        {
            await Server.DisposeAsync();
            await Registry.DisposeAsync();
        }
    }
}

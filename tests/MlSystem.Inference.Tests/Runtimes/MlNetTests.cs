using System.Globalization;
using System.Text.Json;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms;
using MlSystem.Inference.Tests.Fixture;

namespace MlSystem.Inference.Tests.Runtimes;

/// <summary>Pipelines saved by ML.NET answer as ML.NET itself does.</summary>
public sealed class MlNetTests
{
    private readonly MlNetModels _models = new();

    public static TheoryData<string> Regressions => ["FastTree", "LightGbm", "Sdca"];

    [Theory]
    [MemberData(nameof(Regressions))]
    public async Task Regression_equals_the_prediction_engine(string trainer)
    {
        var trainers = _models.Context.Regression.Trainers;
        var (model, folder) = _models.Train(_models.Features().Append(trainer switch
        {
            "FastTree" => (IEstimator<ITransformer>)trainers.FastTree("Amount", numberOfTrees: 20),
            "LightGbm" => trainers.LightGbm("Amount", numberOfIterations: 20),
            _ => trainers.Sdca("Amount", maximumNumberOfIterations: 20),
        }));
        await using var served = await ServeAsync(folder);
        using var engine = _models.Context.Model.CreatePredictionEngine<MlNetModels.Row, Value>(model);

        var rows = Rows(1, 40);
        var body = await served.PredictAsync(rows);

        Assert.Equal(rows.Select(row => engine.Predict(row).Score), body.Floats("prediction"));
        Assert.Equal(["Age", "Income", "Signals", "Plan"], await served.InputsAsync());
    }

    [Theory]
    [InlineData("FastTree")]
    [InlineData("LightGbm")]
    [InlineData("Sdca")]
    public async Task Binary_classification_equals_the_prediction_engine(string trainer)
    {
        var trainers = _models.Context.BinaryClassification.Trainers;
        var (model, folder) = _models.Train(_models.Features().Append(trainer switch
        {
            "FastTree" => (IEstimator<ITransformer>)trainers.FastTree("Churned", numberOfTrees: 20),
            "LightGbm" => trainers.LightGbm("Churned", numberOfIterations: 20),
            _ => trainers.SdcaLogisticRegression("Churned", maximumNumberOfIterations: 20),
        }));
        await using var served = await ServeAsync(folder);
        using var engine = _models.Context.Model.CreatePredictionEngine<MlNetModels.Row, Binary>(model);

        var rows = Rows(2, 40);
        var expected = rows.ConvertAll(engine.Predict);
        var body = await served.PredictAsync(rows);

        Assert.Equal(expected.Select(e => e.PredictedLabel), body.Output("label").EnumerateArray().Select(value => value.GetBoolean()));
        Assert.Equal(expected.SelectMany(e => (float[])[1 - e.Probability, e.Probability]), body.Floats("probabilities"));
        Assert.Equal(expected.Select(e => e.Score), body.Floats("score"));
    }

    [Theory]
    [InlineData("LightGbm", true)]
    [InlineData("Sdca", true)]
    [InlineData("Sdca", false)]
    public async Task Multiclass_labels_are_texts_again(string trainer, bool mapsBack)
    {
        var context = _models.Context;
        var trainers = context.MulticlassClassification.Trainers;
        var pipeline = context.Transforms.Conversion.MapValueToKey("Label", "Segment").Append(_models.Features())
            .Append(trainer == "LightGbm" ? (IEstimator<ITransformer>)trainers.LightGbm(numberOfIterations: 20) : trainers.SdcaMaximumEntropy(maximumNumberOfIterations: 20));
        var (model, folder) = _models.Train(mapsBack ? pipeline.Append(context.Transforms.Conversion.MapKeyToValue("PredictedLabel")) : pipeline);
        await using var served = await ServeAsync(folder);
        var texts = mapsBack ? model : model.Append(context.Transforms.Conversion.MapKeyToValue("PredictedLabel").Fit(model.Transform(context.Data.LoadFromEnumerable(_models.Training))));

        var rows = Rows(3, 40);
        var expected = context.Data.CreateEnumerable<Multi>(texts.Transform(context.Data.LoadFromEnumerable(rows)), reuseRowObject: false).ToList();
        var body = await served.PredictAsync(rows);

        Assert.Equal(expected.Select(e => e.PredictedLabel), body.Output("label").EnumerateArray().Select(value => value.GetString()!));
        Assert.Equal(expected.SelectMany(e => e.Score), body.Floats("probabilities"));
        Assert.Equal(["Age", "Income", "Signals", "Plan"], await served.InputsAsync());
    }

    [Fact]
    public async Task Texts_are_featurised_as_in_ml_net()
    {
        var (model, folder) = _models.Train(_models.Context.Transforms.Text.FeaturizeText("Features", "Comment").Append(_models.Context.BinaryClassification.Trainers.SdcaLogisticRegression("Churned", maximumNumberOfIterations: 20)));
        await using var served = await ServeAsync(folder);
        using var engine = _models.Context.Model.CreatePredictionEngine<MlNetModels.Row, Binary>(model);
        string[] comments = ["terrible service", "friendly and good", "", "slow ünïcode"];

        var body = await served.InferAsync($$"""{"inputs":[{"name":"Comment","shape":[4],"datatype":"BYTES","data":{{JsonSerializer.Serialize(comments)}}}]}""");

        Assert.Equal(comments.SelectMany(comment => engine.Predict(new MlNetModels.Row { Comment = comment, Signals = new float[3] }).Probability is var p ? (float[])[1 - p, p] : []), body.Floats("probabilities"));
    }

    /// <summary>Many callers of different sizes at once: nobody gets another's rows.</summary>
    [Fact]
    public async Task Concurrent_callers_get_their_own_rows()
    {
        var (model, folder) = _models.Train(_models.Features().Append(_models.Context.Regression.Trainers.FastTree("Amount", numberOfTrees: 20)));
        await using var served = await ServeAsync(folder);
        var context = _models.Context;
        await Parallel.ForEachAsync(Enumerable.Range(0, 8), async (client, _) =>
        {
            for (var i = 0; i < 30; i++)
            {
                var rows = Rows((client * 100) + i, 1 + (i % 7));
                var expected = context.Data.CreateEnumerable<Value>(model.Transform(context.Data.LoadFromEnumerable(rows)), reuseRowObject: false).Select(e => e.Score);
                Assert.Equal(expected, (await served.PredictAsync(rows)).Floats("prediction"));
            }
        });
    }

    [Fact]
    public async Task Clusters_come_out_as_they_are_and_broken_files_are_refused()
    {
        var (_, folder) = _models.Train(_models.Features().Append(_models.Context.Clustering.Trainers.KMeans(numberOfClusters: 3)));
        await using var served = await ServeAsync(folder);
        var body = await served.PredictAsync(Rows(5, 2));
        Assert.Equal(2, body.Output("PredictedLabel").GetArrayLength());
        Assert.Equal(6, body.Output("Score").GetArrayLength());

        var broken = new ModelFolder();
        broken.Files[Contracts.ModelFiles.MlNet] = "PK no zip"u8.ToArray();
        await using var refused = await ServeAsync(broken);
        var (status, answer) = await refused.Server.InferAsync("zip", "{}");
        Assert.Equal(503, status);
        Assert.Contains("ML.NET does not load it", answer.Error(), StringComparison.Ordinal);
    }

    private static List<MlNetModels.Row> Rows(int seed, int count)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => MlNetModels.Next(random))];
    }

    private static async Task<Served> ServeAsync(ModelFolder folder)
    {
        var registry = new RegistryDouble();
        registry.AddVersion("zip", 1, folder);
        registry.SetEndpoint("zip", 1);
        await registry.StartAsync();
        return new Served(registry, await InferenceServer.StartAsync(registry.Url));
    }

    private sealed record Served(RegistryDouble Registry, InferenceServer Server) : IAsyncDisposable
    {
        public async Task<JsonElement> InferAsync(string body)
        {
            var (status, answer) = await Server.InferAsync("zip", body);
            Assert.True(status == 200, answer.ToString());
            return answer;
        }

        public Task<JsonElement> PredictAsync(IReadOnlyList<MlNetModels.Row> rows) => InferAsync($$"""
            {"inputs":[
             {"name":"Age","shape":[{{rows.Count}},1],"datatype":"FP32","data":[{{Numbers(rows.Select(row => row.Age))}}]},
             {"name":"Income","shape":[{{rows.Count}}],"datatype":"FP32","data":[{{Numbers(rows.Select(row => row.Income))}}]},
             {"name":"Signals","shape":[{{rows.Count}},3],"datatype":"FP32","data":[{{Numbers(rows.SelectMany(row => row.Signals))}}]},
             {"name":"Plan","shape":[{{rows.Count}},1],"datatype":"BYTES","data":[{{string.Join(',', rows.Select(row => $"\"{row.Plan}\""))}}]}]}
            """);

        public async Task<List<string>> InputsAsync()
        {
            using var metadata = JsonDocument.Parse(await Server.Http.GetStringAsync("/v2/models/zip"));
            Assert.Equal("mlnet_zip", metadata.RootElement.GetProperty("platform").GetString());
            return [.. metadata.RootElement.GetProperty("inputs").EnumerateArray().Select(input => input.GetProperty("name").GetString()!)];
        }

        public async ValueTask DisposeAsync()
        {
            await Server.DisposeAsync();
            await Registry.DisposeAsync();
        }

        private static string Numbers(IEnumerable<float> values) => string.Join(',', values.Select(value => value.ToString("R", CultureInfo.InvariantCulture)));
    }

    private sealed class Value
    {
        public float Score { get; set; }
    }

    private sealed class Binary
    {
        public bool PredictedLabel { get; set; }

        public float Score { get; set; }

        public float Probability { get; set; }
    }

    private sealed class Multi
    {
        public string PredictedLabel { get; set; } = "";

        public float[] Score { get; set; } = [];
    }
}

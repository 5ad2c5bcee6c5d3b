using MlSystem.Contracts;
using MlSystem.Onnx;
using MlSystem.Training.Tabular;
using MlSystem.Training.Tabular.Features;

namespace MlSystem.Training.Tests.Tabular;

public sealed class TabularParityTests
{
    public static TheoryData<string, string> Algorithms => new()
    {
        { TabularAlgorithm.LightGbm, ModelTask.BinaryClassification },
        { TabularAlgorithm.LightGbm, ModelTask.MulticlassClassification },
        { TabularAlgorithm.LightGbm, ModelTask.Regression },
        { TabularAlgorithm.FastTree, ModelTask.BinaryClassification },
        { TabularAlgorithm.FastTree, ModelTask.MulticlassClassification },
        { TabularAlgorithm.FastTree, ModelTask.Regression },
        { TabularAlgorithm.Linear, ModelTask.BinaryClassification },
        { TabularAlgorithm.Linear, ModelTask.MulticlassClassification },
        { TabularAlgorithm.Linear, ModelTask.Regression },
    };

    [Theory]
    [MemberData(nameof(Algorithms))]
    public void Graph_predicts_what_the_trained_pipeline_predicts(string algorithm, string task)
    {
        for (var seed = 0; seed < 10; seed++)
        {
            AssertParity(algorithm, task, seed);
        }
    }

    [Theory]
    [MemberData(nameof(Algorithms))]
    [Trait("Category", "Soak")]
    public void Graph_predicts_what_the_trained_pipeline_predicts_on_many_models(string algorithm, string task)
    {
        var soak = Environment.GetEnvironmentVariable("MLSYSTEM_SOAK");
        Assert.SkipWhen(soak is null, "MLSYSTEM_SOAK is not set");
        var models = int.TryParse(soak, out var count) ? count : 100;
        for (var seed = 1000; seed < 1000 + models; seed++)
        {
            AssertParity(algorithm, task, seed);
        }
    }

    private static void AssertParity(string algorithm, string task, int seed)
    {
        var classes = task == ModelTask.MulticlassClassification ? 3 + (seed % 3) : 2;
        var frame = TabularData.Random(seed, task, rows: 120 + (40 * (seed % 12)), classes);
        AssertParity(frame, new TabularOptions
        {
            Algorithm = algorithm,
            Seed = seed,
            Iterations = 1 + (seed % 12 * 5),
            Leaves = 2 + (3 * (seed % 12)),
            MinimumRowsPerLeaf = 1 + (seed % 3 * 5),
            LearningRate = 0.3,
            MissingNumber = seed % 2 == 0 ? MissingNumber.Median : MissingNumber.Mean,
            LinearSolver = algorithm == TabularAlgorithm.Linear && task == ModelTask.BinaryClassification && seed % 2 == 0 ? LinearSolver.Sdca : LinearSolver.Auto,
        }, seed);
    }

    private static void AssertParity(TabularFrame frame, TabularOptions options, int seed)
    {
        var (model, trained) = TabularTrainer.TrainWithReference(frame, null, options, null, TestContext.Current.CancellationToken);
        using var owned = model;
        foreach (var rows in new[] { frame, TabularData.Disturb(frame, seed) })
        {
            var predictions = model.Predict(rows, TestContext.Current.CancellationToken);
            var features = trained.Preprocessor.Transform(rows);
            var scores = Array.ConvertAll(trained.Model.Scores(features), v => (float)v);
            var classes = trained.Classes.Count;
            var expected = classes == 0 ? trained.Stage.Values(Array.ConvertAll(scores, v => (double)v)) : trained.Stage.Probabilities(Array.ConvertAll(scores, v => (double)v), classes);
            AssertClose(Array.ConvertAll(expected, v => (float)v), classes == 0 ? predictions.Values : predictions.Probabilities, $"seed {seed}");
            AssertScores(model, features, trained.Model.Trees?.Outputs ?? trained.Model.Linear!.Outputs, scores, $"seed {seed}");
        }
    }

    /// <summary>The trees or weights read back from the served graph, evaluated here, against the trainer's raw score.</summary>
    private static void AssertScores(TabularModel model, FeatureRows rows, int outputs, float[] scores, string because)
    {
        var graph = OnnxModel.Parse(model.Onnx);
        var trees = graph.ReadTreeEnsembles().SingleOrDefault()?.Model;
        var linear = graph.ReadLinearModels().SingleOrDefault()?.Model;
        Assert.True(trees is null != linear is null);
        var (width, features) = (rows.Width, rows.ToMatrix());
        Assert.Equal(width, linear?.Features ?? width);
        for (var row = 0; row < rows.Rows; row++)
        {
            double[] x = [.. features.AsSpan(row * width, width).ToArray().Select(v => (double)v)];
            AssertClose([scores[row * outputs]], [(float)(trees?.Score(x)[0] ?? linear!.Score(x)[0])], because);
        }
    }

    private static void AssertClose(float[] expected, float[] actual, string because)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++)
        {
            Assert.True(Math.Abs(expected[i] - actual[i]) <= 1e-5 * Math.Max(1, Math.Abs(expected[i])), $"{because}, value {i}: trainer {expected[i]:R}, graph {actual[i]:R}");
        }
    }
}

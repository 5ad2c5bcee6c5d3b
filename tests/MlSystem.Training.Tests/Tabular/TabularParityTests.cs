using MlSystem.Contracts;
using MlSystem.Onnx;
using MlSystem.Training.Tabular;
using MlSystem.Training.Tabular.MlNet;

namespace MlSystem.Training.Tests.Tabular;

public sealed class TabularParityTests
{
    public static TheoryData<string, string> Algorithms => new()
    {
        { TabularAlgorithm.LightGbm, ModelTask.BinaryClassification },
        { TabularAlgorithm.LightGbm, ModelTask.MulticlassClassification },
        { TabularAlgorithm.LightGbm, ModelTask.Regression },
        { TabularAlgorithm.FastTree, ModelTask.BinaryClassification },
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
            IterationsWithoutValidation = 1 + (seed % 12 * 5),
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
            var reference = trained.Model.Reference(new FeatureMatrix(features, trained.Preprocessor.Features));
            AssertClose(Expected(trained, reference), Actual(trained, predictions), $"seed {seed}");
            AssertScores(model, features, trained.Preprocessor.Features, reference.Scores, $"seed {seed}");
        }
    }

    private static float[] Expected(TrainedTabular trained, ReferenceScores reference) => trained.Model.Link switch
    {
        ScoreLink.Affine affine => [.. reference.Scores.Select(s => (float)(affine.Mean + (affine.Deviation * s)))],
        _ => reference.Probabilities,
    };

    private static float[] Actual(TrainedTabular trained, TabularPredictions predictions) => trained.Model.Link switch
    {
        ScoreLink.Affine => predictions.Values,
        ScoreLink.Logistic => predictions.ProbabilityOf(1),
        _ => predictions.Probabilities,
    };

    /// <summary>The trees or weights read back from the served graph, evaluated here, against ML.NET's raw score.</summary>
    private static void AssertScores(TabularModel model, float[] features, int width, float[] scores, string because)
    {
        var graph = OnnxModel.Parse(model.Onnx);
        var trees = graph.ReadTreeEnsembles().SingleOrDefault()?.Model;
        var linear = graph.ReadLinearModels().SingleOrDefault()?.Model;
        Assert.True(trees is null != linear is null);
        Assert.Equal(width, linear?.Features ?? width);
        for (var row = 0; row < scores.Length; row++)
        {
            double[] x = [.. features.AsSpan(row * width, width).ToArray().Select(v => (double)v)];
            AssertClose([scores[row]], [(float)(trees?.Score(x)[0] ?? linear!.Score(x)[0])], because);
        }
    }

    private static void AssertClose(float[] expected, float[] actual, string because)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++)
        {
            Assert.True(Math.Abs(expected[i] - actual[i]) <= 1e-5 * Math.Max(1, Math.Abs(expected[i])), $"{because}, value {i}: ML.NET {expected[i]:R}, graph {actual[i]:R}");
        }
    }
}

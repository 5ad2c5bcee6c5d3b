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
        for (var seed = 0; seed < 12; seed++)
        {
            var classes = task == ModelTask.MulticlassClassification ? 3 + (seed % 3) : 2;
            var frame = TabularData.Random(seed, task, rows: 120 + (40 * seed), classes);
            var options = new TabularOptions
            {
                Algorithm = algorithm,
                Seed = seed,
                IterationsWithoutValidation = 1 + (seed * 5),
                Leaves = 2 + (3 * seed),
                MinimumRowsPerLeaf = 1 + (seed % 3 * 5),
                LearningRate = 0.3,
                LinearSolver = algorithm == TabularAlgorithm.Linear && task == ModelTask.BinaryClassification && seed % 2 == 0 ? LinearSolver.Sdca : LinearSolver.Auto,
            };
            AssertParity(frame, options, seed);
        }
    }

    private static void AssertParity(TabularFrame frame, TabularOptions options, int seed)
    {
        using var model = TabularTrainer.Train(frame, null, options, cancellation: TestContext.Current.CancellationToken);
        var trained = TabularTrainer.Fit(frame, null, options, null, TestContext.Current.CancellationToken);
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

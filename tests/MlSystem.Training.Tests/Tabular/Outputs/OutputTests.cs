using MlSystem.Contracts;
using MlSystem.Training.Tabular;
using MlSystem.Training.Tabular.Outputs;

namespace MlSystem.Training.Tests.Tabular.Outputs;

public sealed class OutputTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(CalibrationMethod.Platt)]
    [InlineData(CalibrationMethod.Isotonic)]
    public void Calibration_undoes_a_known_distortion(string method)
    {
        var random = new Random(3);
        var truth = Enumerable.Range(0, 20_000).Select(_ => random.NextDouble()).ToArray();
        var positive = Array.ConvertAll(truth, p => random.NextDouble() < p);
        var distorted = Array.ConvertAll(truth, p => Logits.Probability((3 * Logits.Of(p)) - 1));
        var calibrator = Calibration.Fit(method, distorted, positive);
        foreach (var p in new[] { 0.1, 0.3, 0.5, 0.7, 0.9 })
        {
            Assert.Equal(p, calibrator.Apply(Logits.Probability((3 * Logits.Of(p)) - 1)), 0.05);
        }
    }

    [Fact]
    public void Thresholds_are_the_best_of_all_by_brute_force()
    {
        var random = new Random(5);
        for (var round = 0; round < 50; round++)
        {
            var p = Enumerable.Range(0, 60).Select(_ => Math.Round(random.NextDouble(), 1)).ToArray();
            var y = Array.ConvertAll(p, v => random.NextDouble() < v);
            y[0] = true;
            double F1(double t) => 2.0 * p.Where((v, i) => v >= t && y[i]).Count() / (p.Count(v => v >= t) + y.Count(v => v));
            double Cost(double t) => p.Where((v, i) => v >= t && !y[i]).Count() + (4 * p.Where((v, i) => v < t && y[i]).Count());
            var tried = Enumerable.Range(-1, 24).Select(i => i * 0.05).ToList();
            Assert.Equal(tried.Max(F1), F1(DecisionThreshold.Choose(new LabelThreshold { Objective = ThresholdObjective.F1 }, p, y)), 9);
            Assert.Equal(tried.Min(Cost), Cost(DecisionThreshold.Choose(new LabelThreshold { Objective = ThresholdObjective.Cost, FalseNegativeCost = 4 }, p, y)), 9);
        }
    }

    [Fact]
    public void A_precision_that_no_threshold_reaches_is_told() =>
        Assert.Contains("precision", Assert.Throws<TrainingDataException>(() => DecisionThreshold.Choose(
            new LabelThreshold { Objective = ThresholdObjective.RecallAtPrecision, MinimumPrecision = 0.9 }, [0.9, 0.8], [false, false])).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(TabularAlgorithm.LightGbm, CalibrationMethod.Platt, 2)]
    [InlineData(TabularAlgorithm.LightGbm, CalibrationMethod.Isotonic, 2)]
    [InlineData(TabularAlgorithm.Linear, CalibrationMethod.Isotonic, 3)]
    [InlineData(TabularAlgorithm.FastTree, CalibrationMethod.Platt, 3)]
    [InlineData(TabularAlgorithm.Linear, CalibrationMethod.Platt, 3)]
    public void Calibrated_graphs_predict_what_the_stage_computes(string algorithm, string calibration, int classes)
    {
        var frame = TabularData.Random(11, classes == 2 ? ModelTask.BinaryClassification : ModelTask.MulticlassClassification, 600, classes);
        var (model, trained) = TabularTrainer.TrainWithReference(frame, null, new TabularOptions { Algorithm = algorithm, Calibration = calibration, Iterations = 20 }, null, Token);
        using var owned = model;
        Assert.NotEmpty(trained.Stage.Calibrators);
        var other = TabularData.Disturb(frame, 4);
        var probabilities = model.Predict(other, Token).Probabilities;
        var expected = ModelParity.Expected(trained, other);
        Assert.All(expected.Zip(probabilities), pair => Assert.Equal(pair.First, pair.Second, 1e-5));
    }

    [Fact]
    public void A_costly_miss_lowers_the_threshold_and_the_graph_labels_by_it()
    {
        var frame = TabularData.Random(11, ModelTask.BinaryClassification, 900);
        var options = new TabularOptions { Iterations = 30, Threshold = new LabelThreshold { Objective = ThresholdObjective.Cost, FalseNegativeCost = 20 } };
        var (model, trained) = TabularTrainer.TrainWithReference(frame, null, options, null, Token);
        using var owned = model;
        Assert.InRange(trained.Stage.Threshold!.Value, 0, 0.4);
        var predictions = model.Predict(frame, Token);
        var positive = predictions.ProbabilityOf(1);
        Assert.All(predictions.Labels.Index(), l => Assert.Equal(positive[l.Index] >= trained.Stage.Threshold, l.Item == model.Classes[1]));
    }

    [Theory]
    [InlineData(TabularAlgorithm.LightGbm)]
    [InlineData(TabularAlgorithm.FastTree)]
    [InlineData(TabularAlgorithm.Linear)]
    public void Weight_of_the_positive_class_moves_its_probability_up(string algorithm)
    {
        var frame = TabularData.Random(11, ModelTask.BinaryClassification, 900);
        var options = new TabularOptions { Algorithm = algorithm, Iterations = 20 };
        using var plain = TabularTrainer.Train(frame, null, options, cancellation: Token);
        using var weighted = TabularTrainer.Train(frame, null, options with { PositiveWeight = 5 }, cancellation: Token);
        Assert.True(weighted.Predict(frame, Token).ProbabilityOf(1).Average() > plain.Predict(frame, Token).ProbabilityOf(1).Average() + 0.02);
    }

    [Fact]
    public void A_skewed_target_is_learned_on_its_logarithm_where_that_helps()
    {
        var random = new Random(9);
        float[] x = [.. Enumerable.Range(0, 800).Select(_ => random.NextSingle() * 6)];
        var frame = new TabularFrame(
            new TabularSchema { Task = ModelTask.Regression, Columns = [new TabularColumn("x", TabularColumnKind.Numeric)] },
            new Dictionary<string, float[]> { ["x"] = x }, new Dictionary<string, string[]>(),
            targets: [.. x.Select(v => (float)Math.Exp(v + (0.2 * random.NextDouble())))]);
        using var model = TabularTrainer.Train(frame, null, new TabularOptions { Algorithm = TabularAlgorithm.Linear }, cancellation: Token);
        Assert.Equal(TargetTransform.Log1P, model.Parameters["target_transform"]);
        Assert.InRange(TabularMetrics.Evaluate(frame, model.Predict(frame, Token))["r2"], 0.9, 1);
    }
}

using MlSystem.Contracts;
using MlSystem.Training.Data;
using MlSystem.Training.Evaluation;
using MlSystem.Training.Tabular;
using MlSystem.Training.Tabular.Outputs;

namespace MlSystem.Training.Tests.Evaluation;

public sealed class OnnxScorerTests
{
    [Fact]
    public void Labels_are_those_of_the_graph_with_its_threshold()
    {
        var token = TestContext.Current.CancellationToken;
        var random = new Random(4);
        var x = Enumerable.Range(0, 800).Select(_ => MathF.Round(random.NextSingle(), 3)).ToArray();
        var schema = new TabularSchema { Columns = [new TabularColumn("x", TabularColumnKind.Numeric)], Task = ModelTask.BinaryClassification };
        var frame = new TabularFrame(
            schema, new Dictionary<string, float[]> { ["x"] = x }, new Dictionary<string, string[]>(), labels: [.. x.Select(v => random.NextSingle() < v ? "yes" : "no")]);
        var options = new TabularOptions { Algorithm = TabularAlgorithm.Linear, Threshold = new LabelThreshold { Objective = ThresholdObjective.Cost, FalseNegativeCost = 20 } };
        using var model = TabularTrainer.Train(frame, null, options, null, token);
        using var scorer = new OnnxScorer(model.Onnx, model.Signature);
        var scored = scorer.Score(new RowTable([("x", [.. x.Select(v => v.ToString("R", System.Globalization.CultureInfo.InvariantCulture))])]), token);
        Assert.Equal(model.Predict(frame, token).Labels, scored.Labels);
        var positive = scored.ProbabilityOf(1);
        Assert.Contains(Enumerable.Range(0, x.Length), row => scored.Labels[row] == "yes" && positive[row] < 0.4);
    }
}

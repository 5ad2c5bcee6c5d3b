using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using MlSystem.Contracts;
using MlSystem.Training.Learners;
using MlSystem.Training.Learners.Definitions;
using MlSystem.Training.Learners.Features;
using MlSystem.Training.Learners.Snapshots;

namespace MlSystem.Training.Tests.Learners;

public sealed class LearnerGraphTests
{
    [Theory]
    [InlineData(LearnerKind.Ftrl, ModelTask.BinaryClassification, LearnerScaling.Standard)]
    [InlineData(LearnerKind.PassiveAggressive, ModelTask.BinaryClassification, LearnerScaling.Standard)]
    [InlineData(LearnerKind.Linear, ModelTask.Regression, LearnerScaling.Standard)]
    [InlineData(LearnerKind.PassiveAggressive, ModelTask.Regression, LearnerScaling.None)]
    [InlineData(LearnerKind.MatrixFactorization, ModelTask.Regression, LearnerScaling.None)]
    public void The_graph_predicts_what_the_learner_does(string kind, string task, string scaling)
    {
        var definition = Samples.Definition(kind, task);
        definition = definition with { Features = definition.Features with { Scaling = scaling } };
        var learner = new OnlineLearner(definition);
        var rows = Samples.Rows(definition, 2000).ToList();
        rows.ForEach(r => learner.Take(r));
        using var session = new InferenceSession(LearnerGraph.Write(definition, learner.Model, new Dictionary<string, string>()).ToBytes());
        foreach (var row in rows.Take(200))
        {
            var expected = learner.Model.Predict(row);
            var actual = Run(session, definition, row);
            Assert.True(Math.Abs(expected - actual) <= 1e-5 * Math.Max(1, Math.Abs(expected)), $"{actual} instead of {expected}");
        }
    }

    [Fact]
    public void A_user_nobody_has_seen_is_predicted_by_mean_and_item()
    {
        var definition = Samples.Definition(LearnerKind.MatrixFactorization, ModelTask.Regression);
        var learner = new OnlineLearner(definition);
        foreach (var row in Samples.Rows(definition, 2000))
        {
            learner.Take(row);
        }

        using var session = new InferenceSession(LearnerGraph.Write(definition, learner.Model, new Dictionary<string, string>()).ToBytes());
        var stranger = learner.NewRow();
        (stranger.Texts[0], stranger.Texts[1]) = ("stranger", "i3");
        Assert.Equal(learner.Model.Predict(stranger), Run(session, definition, stranger), 1e-5);
    }

    private static double Run(InferenceSession session, LearnerDefinition definition, LearnerRow row)
    {
        List<NamedOnnxValue> inputs =
        [
            .. definition.Features.Numeric.Select((n, i) => NamedOnnxValue.CreateFromTensor(n.Name, new DenseTensor<double>(new[] { row.Numbers[i] }, [1, 1]))),
            .. definition.Features.Categorical.Select((c, i) => NamedOnnxValue.CreateFromTensor(c, new DenseTensor<string>(new[] { row.Texts[i] }, [1, 1]))),
        ];
        using var results = session.Run(inputs);
        return definition.Task == ModelTask.BinaryClassification
            ? results.Single(r => r.Name == StandardOutputs.Probabilities).AsEnumerable<float>().Last()
            : results.Single(r => r.Name == StandardOutputs.Prediction).AsEnumerable<float>().Single();
    }
}

using System.Text;
using MlSystem.Contracts;
using MlSystem.Training.Learners;
using MlSystem.Training.Learners.Definitions;
using MlSystem.Training.Learners.Features;
using MlSystem.Training.Learners.Models;

namespace MlSystem.Training.Tests.Learners;

public sealed class OnlineLearnerTests
{
    [Theory]
    [InlineData("", 0u)]
    [InlineData("hello", 0x248bfa47u)]
    [InlineData("hello, world", 0x149bbb7fu)]
    [InlineData("The quick brown fox jumps over the lazy dog", 0x2e4ff723u)]
    public void The_hash_is_MurmurHash3(string text, uint expected) => Assert.Equal(expected, FeatureHash.Murmur3(Encoding.UTF8.GetBytes(text)));

    [Theory]
    [InlineData(LearnerKind.Ftrl, ModelTask.BinaryClassification)]
    [InlineData(LearnerKind.PassiveAggressive, ModelTask.BinaryClassification)]
    [InlineData(LearnerKind.Linear, ModelTask.Regression)]
    [InlineData(LearnerKind.PassiveAggressive, ModelTask.Regression)]
    [InlineData(LearnerKind.MatrixFactorization, ModelTask.Regression)]
    public void What_is_stored_and_read_at_any_point_ends_in_the_same_bytes(string kind, string task)
    {
        var definition = Samples.Definition(kind, task) with { Drift = new LearnerDrift { Action = LearnerDrift.Reset } };
        var whole = new OnlineLearner(definition);
        var stored = new OnlineLearner(definition);
        var random = new Random(3);
        foreach (var row in Samples.Rows(definition, 3000))
        {
            whole.Take(row);
            stored.Take(row);
            if (random.Next(100) == 0)
            {
                var next = new OnlineLearner(definition);
                next.Deserialize(stored.Serialize());
                stored = next;
            }
        }

        Assert.Equal(whole.Serialize(), stored.Serialize());
    }

    [Theory]
    [InlineData(LearnerKind.Linear)]
    [InlineData(LearnerKind.PassiveAggressive)]
    public void Regression_learns_values_in_their_own_unit(string kind)
    {
        var definition = Samples.Definition(kind, ModelTask.Regression);
        var learner = new OnlineLearner(definition);
        foreach (var row in Samples.Rows(definition, 20_000))
        {
            learner.Take(row);
        }

        // The labels' deviation is about 3,000; the noise's 10.
        Assert.InRange(learner.Metrics.Faded()["rmse"], 0, 700);
    }

    [Fact]
    public void Factorization_learns_who_likes_what()
    {
        var definition = Samples.Definition(LearnerKind.MatrixFactorization, ModelTask.Regression);
        var learner = new OnlineLearner(definition);
        foreach (var row in Samples.Rows(definition, 30_000))
        {
            learner.Take(row);
        }

        Assert.InRange(learner.Metrics.Faded()["rmse"], 0, 0.6);
    }

    [Fact]
    public void A_heavier_class_is_predicted_more_often()
    {
        double Share(double weight)
        {
            var learner = new OnlineLearner(Samples.Definition(LearnerKind.Ftrl, ModelTask.BinaryClassification));
            var row = learner.NewRow();
            var random = new SplitMix64(1);
            var sum = 0.0;
            for (var i = 0; i < 5000; i++)
            {
                row.Label = random.NextUnit() < 0.1 ? 1 : 0;
                row.Weight = row.Label > 0 ? weight : 1;
                sum += i < 4000 ? 0 : learner.Take(row);
                if (i < 4000)
                {
                    learner.Take(row);
                }
            }

            return sum / 1000;
        }

        Assert.InRange(Share(1), 0.05, 0.2);
        Assert.InRange(Share(9), 0.4, 0.6);
    }

    [Fact]
    public void Quickening_keeps_every_weight_and_moves_faster_afterwards()
    {
        var definition = Samples.Definition(LearnerKind.Ftrl, ModelTask.BinaryClassification) with { Parameters = new Dictionary<string, double> { ["l1"] = 0.5 } };
        var learner = new OnlineLearner(definition);
        var rows = Samples.Rows(definition, 4000).ToList();
        rows.ForEach(r => learner.Take(r));
        var model = (LinearOnlineModel)learner.Model;
        var before = model.Weights.ToArray();
        model.Quicken();
        var reread = new OnlineLearner(definition);
        reread.Deserialize(learner.Serialize());
        Assert.All(before.Zip(((LinearOnlineModel)reread.Model).Weights.ToArray()), w => Assert.Equal(w.First, w.Second, 1e-9));
    }

    [Fact]
    public void A_prediction_that_is_not_finite_names_its_column()
    {
        var definition = Samples.Definition(LearnerKind.Linear, ModelTask.Regression);
        var learner = new OnlineLearner(definition with { Features = definition.Features with { Scaling = LearnerScaling.None } });
        var row = learner.NewRow();
        row.Label = 1;
        row.Numbers[1] = 1;
        learner.Take(row);
        row.Numbers[1] = double.PositiveInfinity;
        Assert.Contains("'x2'", Assert.Throws<LearnerDivergedException>(() => learner.Take(row)).Message, StringComparison.Ordinal);
    }
}

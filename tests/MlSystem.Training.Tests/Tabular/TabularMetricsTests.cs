using MlSystem.Contracts;
using MlSystem.Training.Tabular;

namespace MlSystem.Training.Tests.Tabular;

public sealed class TabularMetricsTests
{
    [Fact]
    public void Auc_counts_a_tie_as_half()
    {
        // Pairs: .8>.8 tie, .8>.1, .4<.8, .4>.1 → (0.5 + 1 + 0 + 1) / 4
        Assert.Equal(0.625, RankingMetrics.Auc([true, false, true, false], [0.8f, 0.8f, 0.4f, 0.1f]), 12);
        Assert.Equal(0.5, RankingMetrics.Auc([true, false, true, false], [1, 1, 1, 1]), 12);
        Assert.Equal(1, RankingMetrics.Auc([false, false, true], [-3, 0, 5]), 12);
        Assert.True(double.IsNaN(RankingMetrics.Auc([true, true], [0.1f, 0.2f])));
    }

    [Fact]
    public void Auc_equals_the_count_over_all_pairs()
    {
        for (var seed = 0; seed < 50; seed++)
        {
            var random = new Random(seed);
            var rows = random.Next(2, 60);
            var positive = Enumerable.Range(0, rows).Select(i => i == 0 || (i > 1 && random.Next(2) == 0)).ToArray();
            var scores = positive.Select(_ => (float)random.Next(8)).ToArray();
            var pairs = from i in Enumerable.Range(0, rows)
                        from j in Enumerable.Range(0, rows)
                        where positive[i] && !positive[j]
                        select scores[i] > scores[j] ? 1 : scores[i] == scores[j] ? 0.5 : 0;
            Assert.Equal(pairs.Average(), RankingMetrics.Auc(positive, scores), 10);
        }
    }

    [Fact]
    public void Precision_recall_area_is_average_precision()
    {
        // Descending .8 (hit), .4 (miss), .35 (hit), .1 (miss): 1/2 · 1 + 1/2 · 2/3
        Assert.Equal(0.8333333333, RankingMetrics.PrecisionRecallAuc([false, false, true, true], [0.1f, 0.4f, 0.35f, 0.8f]), 9);
        // All tied: precision is the share of positives.
        Assert.Equal(0.25, RankingMetrics.PrecisionRecallAuc([true, false, false, false], [1, 1, 1, 1]), 12);
    }

    [Fact]
    public void Classification_metrics_have_their_textbook_values()
    {
        int[] actual = [1, 1, 1, 0, 0, 2];
        int[] predicted = [1, 1, 0, 1, 0, 0];
        Assert.Equal(0.5, ClassificationMetrics.Accuracy(actual, predicted), 12);
        Assert.Equal(2 / 3.0, ClassificationMetrics.Precision(actual, predicted, 1), 12);
        Assert.Equal(2 / 3.0, ClassificationMetrics.Recall(actual, predicted, 1), 12);
        Assert.Equal(2 / 3.0, ClassificationMetrics.F1(actual, predicted, 1), 12);
        Assert.Equal(((2 / 3.0) + 0.4 + 0) / 3, ClassificationMetrics.MacroF1(actual, predicted, 3), 12);
        Assert.Equal(0, ClassificationMetrics.Precision(actual, predicted, 2));
        Assert.Equal(-(Math.Log(0.9f) + Math.Log(0.25f)) / 2, ClassificationMetrics.LogLoss([0, 1], [0.9f, 0.1f, 0.75f, 0.25f], 2), 9);
        Assert.Equal(-Math.Log(1e-15), ClassificationMetrics.LogLoss([1], [1, 0], 2), 9);
        Assert.Equal((0.01 + 0.5625) / 2, ClassificationMetrics.Brier([true, false], [0.9f, 0.75f]), 6);
        Assert.Equal(2, ClassificationMetrics.MulticlassBrier([0], [0, 1, 0], 3), 12);
    }

    [Fact]
    public void Regression_metrics_have_their_textbook_values()
    {
        float[] actual = [3, -0.5f, 2, 7];
        float[] predicted = [2.5f, 0, 2, 8];
        Assert.Equal(0.6123724357, RegressionMetrics.RootMeanSquaredError(actual, predicted), 9);
        Assert.Equal(0.5, RegressionMetrics.MeanAbsoluteError(actual, predicted), 12);
        Assert.Equal(0.9486081370, RegressionMetrics.RSquared(actual, predicted), 9);
        Assert.True(double.IsNaN(RegressionMetrics.RSquared([1, 1], [1, 2])));
    }

    [Fact]
    public void Metrics_refuse_what_does_not_pair_up()
    {
        Assert.Throws<ArgumentException>(() => RankingMetrics.Auc([true], [1, 2]));
        Assert.Throws<ArgumentException>(() => ClassificationMetrics.Accuracy([], []));
        Assert.Throws<ArgumentException>(() => RegressionMetrics.MeanAbsoluteError([1, 2], [1]));
    }

    [Fact]
    public void Evaluation_names_the_metrics_of_the_task_and_leaves_out_undefined_ones()
    {
        var schema = new TabularSchema { Columns = [new TabularColumn("x", TabularColumnKind.Numeric)], Task = ModelTask.BinaryClassification };
        var frame = new TabularFrame(schema, new Dictionary<string, float[]> { ["x"] = [1, 2] }, new Dictionary<string, string[]>(), labels: ["yes", "yes"]);
        var predictions = new TabularPredictions { Classes = ["no", "yes"], Labels = ["yes", "no"], Probabilities = [0.2f, 0.8f, 0.6f, 0.4f] };
        var metrics = TabularMetrics.Evaluate(frame, predictions);
        Assert.Equal(["accuracy", "brier", "calibration_error", "f1", "log_loss", "pr_auc", "precision", "recall"], metrics.Keys.Order());
        Assert.Equal(0.5, metrics["accuracy"], 12);
        Assert.Equal(1, metrics["precision"], 12);
    }
}

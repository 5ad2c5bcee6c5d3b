using MlSystem.Contracts;
using MlSystem.Training.Tabular;

namespace MlSystem.Training.Tests.Tabular;

public sealed class BaselineBuilderTests
{
    [Fact]
    public void Bins_are_quantiles_with_ascending_edges_that_hold_every_value()
    {
        for (var seed = 0; seed < 40; seed++)
        {
            var random = new Random(seed);
            var kinds = random.Next(1, 200);
            var values = Enumerable.Range(0, random.Next(1, 3000)).Select(_ => random.Next(10) == 0 ? float.NaN : (float)Math.Pow(random.Next(kinds), 3)).Append(4).ToArray();
            var column = BaselineBuilder.Numeric("x", values);
            var bins = column.Numeric!;
            Assert.Equal(values.Length, column.Count + column.Missing);
            Assert.InRange(bins.BinCounts.Count, 1, BaselineBuilder.MaximumBins);
            Assert.Equal(bins.BinCounts.Count + 1, bins.BinEdges.Count);
            Assert.Equal(column.Count, bins.BinCounts.Sum());
            Assert.All(bins.BinEdges.Zip(bins.BinEdges.Skip(1)), e => Assert.True(e.First < e.Second));
            for (var i = 0; i < bins.BinCounts.Count; i++)
            {
                var last = i == bins.BinCounts.Count - 1;
                Assert.Equal(values.Count(v => v >= bins.BinEdges[i] && (v < bins.BinEdges[i + 1] || (last && v == bins.BinEdges[i + 1]))), bins.BinCounts[i]);
            }
        }
    }

    [Fact]
    public void Many_distinct_values_give_even_bins()
    {
        var bins = BaselineBuilder.Numeric("x", [.. Enumerable.Range(0, 1000).Select(i => (float)i)]).Numeric!;
        Assert.Equal(20, bins.BinCounts.Count);
        Assert.All(bins.BinCounts, c => Assert.Equal(50, c));
        Assert.Equal(499.5, bins.Mean, 9);
        Assert.Equal(288.6749902572, bins.StandardDeviation, 6);
    }

    [Fact]
    public void Few_values_get_a_bin_each_and_a_constant_one()
    {
        Assert.Equal([2, 3, 1], BaselineBuilder.Numeric("x", [0, 0, 1, 1, 1, 5]).Numeric!.BinCounts);
        Assert.Equal([3], BaselineBuilder.Numeric("x", [7, 7, 7, float.NaN]).Numeric!.BinCounts);
        var nothing = BaselineBuilder.Numeric("x", [float.NaN]);
        Assert.Null(nothing.Numeric);
        Assert.Equal(1, nothing.Missing);
    }

    [Fact]
    public void A_model_is_described_with_inputs_and_outputs()
    {
        var frame = TabularData.Random(3, ModelTask.BinaryClassification, 200);
        using var model = TabularTrainer.Train(frame, null, new TabularOptions { Iterations = 5 }, cancellation: TestContext.Current.CancellationToken);
        var baseline = BaselineBuilder.Build(frame, model.Predict(frame, TestContext.Current.CancellationToken));
        Assert.Equal(200, baseline.Rows);
        Assert.Equal(frame.Schema.Columns.Select(c => c.Name), baseline.Inputs.Select(c => c.Name));
        Assert.Equal(["label", "probabilities[0]", "probabilities[1]"], baseline.Outputs.Select(c => c.Name));
        Assert.All(baseline.Inputs.Concat(baseline.Outputs), c => Assert.True(c.Numeric is null != c.Categorical is null));
        Assert.Equal(200, baseline.Outputs[0].Categorical!.Counts.Values.Sum());
    }
}

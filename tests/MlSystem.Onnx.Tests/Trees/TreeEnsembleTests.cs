namespace MlSystem.Onnx.Tests.Trees;

public sealed class TreeEnsembleTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Runtime_scores_equal_the_ensembles_own(bool wide)
    {
        for (var seed = 0; seed < 60; seed++)
        {
            var random = new Random(seed);
            var features = random.Next(1, 6);
            var ensemble = Random(random, features, outputs: random.Next(1, 4), trees: random.Next(1, 40), scale: wide ? 1e3 : 1);
            var rows = random.Next(1, 90);
            var data = Enumerable.Range(0, rows * features).Select(_ => Value(random)).ToArray();
            var (values, shape, _) = Runtime.Run(data, [rows, features], (g, x) => g.TreeEnsembleRegressor(wide ? g.Cast(x, ElementType.Double) : x, ensemble));
            Assert.Equal([rows, ensemble.Outputs], shape);
            for (var row = 0; row < rows; row++)
            {
                var expected = ensemble.Score([.. data.Skip(row * features).Take(features).Select(v => (double)v)]);
                for (var output = 0; output < expected.Length; output++)
                {
                    var actual = (float)values[(row * ensemble.Outputs) + output];
                    var tolerance = wide ? 0.6 * (MathF.BitIncrement(MathF.Abs(actual)) - MathF.Abs(actual)) + 1e-12 : 2e-5 * Math.Max(1, Math.Abs(expected[output]));
                    Assert.True(Math.Abs(expected[output] - actual) <= tolerance, $"seed {seed}, row {row}: expected {expected[output]:R}, got {actual:R}");
                }
            }
        }
    }

    [Fact]
    public void Single_precision_sums_of_a_large_ensemble_miss_the_tolerance_that_double_sums_keep()
    {
        var random = new Random(3);
        var ensemble = Random(random, 3, 1, 3000, scale: 50);
        float[] data = [.. Enumerable.Range(0, 300).Select(_ => random.NextSingle())];
        double Worst(bool wide)
        {
            var (values, _, _) = Runtime.Run(data, [100, 3], (g, x) => g.TreeEnsembleRegressor(wide ? g.Cast(x, ElementType.Double) : x, ensemble));
            return Enumerable.Range(0, 100).Max(row =>
            {
                var expected = ensemble.Score([data[row * 3], data[(row * 3) + 1], data[(row * 3) + 2]])[0];
                return Math.Abs(expected - (float)values[row]) / Math.Max(1, Math.Abs(expected));
            });
        }

        Assert.True(Worst(wide: true) < 1e-6);
        Assert.True(Worst(wide: false) > Worst(wide: true));
    }

    [Fact]
    public void A_classifier_names_the_class_of_the_greatest_score()
    {
        var ensemble = Random(new Random(5), 2, 3, 12, 1);
        float[] data = [.. Enumerable.Range(0, 40).Select(i => (float)Math.Sin(i) * 3)];
        var (labels, _, _) = Runtime.Run(data, [20, 2], (g, x) => g.TreeEnsembleClassifier(x, ensemble, ["a", "b", "c"]).Label);
        var expected = Enumerable.Range(0, 20).Select(r => ensemble.Score([data[r * 2], data[(r * 2) + 1]])).Select(s => "abc"[Array.IndexOf(s, s.Max())].ToString());
        Assert.Equal(expected, labels);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_ensemble_is_read_back_as_it_was_written(bool wide)
    {
        for (var seed = 0; seed < 20; seed++)
        {
            var ensemble = Random(new Random(seed), 4, 1 + (seed % 3), 15, 1);
            var model = Write(ensemble, wide);
            var node = Assert.Single(OnnxModel.Parse(model.ToBytes()).ReadTreeEnsembles());
            Assert.Equal("tree_ensemble_regressor_0", node.Node);
            Assert.Equal(ensemble.Outputs, node.Model.Outputs);
            Assert.Equal(ensemble.Trees.Count, node.Model.Trees.Count(t => t.Nodes[0].Leaf is null or { Count: 1 }));
            var random = new Random(seed);
            for (var row = 0; row < 50; row++)
            {
                double[] x = [.. Enumerable.Range(0, 4).Select(_ => (double)Value(random))];
                Assert.All(ensemble.Score(x).Zip(node.Model.Score(x)), p => Assert.Equal(p.First, p.Second, wide ? 1e-12 : 1e-5));
            }
        }
    }

    [Fact]
    public void A_broken_ensemble_of_another_producer_is_refused_with_the_node_and_the_reason()
    {
        var proto = Write(Random(new Random(1), 4, 1, 2, 1), wide: false).Proto;
        var attributes = proto.Graph.Node.Single(n => n.OpType == "TreeEnsembleRegressor").Attribute;
        var branch = attributes.Single(a => a.Name == "nodes_modes").Strings.Index().First(m => m.Item.ToStringUtf8() != "LEAF").Index;
        attributes.Single(a => a.Name == "nodes_truenodeids").Ints[branch] = 99;
        var loop = Assert.Throws<OnnxGraphException>(() => new OnnxModel(proto).ReadTreeEnsembles());
        Assert.Contains("TreeEnsembleRegressor 'tree_ensemble_regressor_0': leads to node 99", loop.Message, StringComparison.Ordinal);
        attributes.Single(a => a.Name == "nodes_values").Floats.RemoveAt(0);
        Assert.Contains("nodes_values has", Assert.Throws<OnnxGraphException>(() => new OnnxModel(proto).ReadTreeEnsembles()).Message, StringComparison.Ordinal);
    }

    private static OnnxModel Write(TreeEnsemble ensemble, bool wide)
    {
        var graph = new GraphBuilder("trees");
        var x = graph.Input("x", new TensorType(wide ? ElementType.Double : ElementType.Float, Dimension.Batch, 4));
        graph.Output("y", graph.TreeEnsembleRegressor(x, ensemble));
        return graph.Build(new OnnxModelInfo());
    }

    private static float Value(Random random) => random.Next(12) switch
    {
        0 => float.NaN,
        1 => 1e30f,
        2 => -1e30f,
        3 => 0.1f,
        4 => float.PositiveInfinity,
        _ => random.Next(-3, 4),
    };

    private static TreeEnsemble Random(Random random, int features, int outputs, int trees, double scale) => new()
    {
        Outputs = outputs,
        Trees = [.. Enumerable.Range(0, trees).Select(_ => Tree(random, features, outputs, scale))],
        BaseValues = random.Next(2) == 0 ? [] : [.. Enumerable.Range(0, outputs).Select(_ => random.NextDouble() * scale)],
    };

    /// <summary>A random tree, sometimes of a leaf only, with thresholds that no float has among them.</summary>
    private static DecisionTree Tree(Random random, int features, int outputs, double scale)
    {
        var nodes = new List<TreeNode>();
        Grow(0);
        return new DecisionTree(nodes);

        int Grow(int depth)
        {
            var index = nodes.Count;
            if (depth > 4 || random.Next(4) == 0)
            {
                nodes.Add(new TreeNode { Leaf = [new LeafWeight(random.Next(outputs), (random.NextDouble() - 0.5) * scale)] });
                return index;
            }

            nodes.Add(new TreeNode());
            var (yes, no) = (Grow(depth + 1), Grow(depth + 1));
            double[] thresholds = [0.1, random.Next(-3, 3), random.NextDouble(), 1e29, -1e29];
            nodes[index] = new TreeNode
            {
                Feature = random.Next(features),
                Threshold = thresholds[random.Next(thresholds.Length)],
                True = yes,
                False = no,
                MissingGoesTrue = random.Next(2) == 0,
            };
            return index;
        }
    }
}

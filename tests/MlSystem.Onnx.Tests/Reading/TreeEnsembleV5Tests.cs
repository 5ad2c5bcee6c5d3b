using Google.Protobuf;
using MlSystem.Onnx.Protos;

namespace MlSystem.Onnx.Tests.Reading;

/// <summary>The node of ai.onnx.ml 5, written here by the specification and judged by ONNX Runtime.</summary>
public sealed class TreeEnsembleV5Tests
{
    private const int Features = 4;

    /// <summary>All modes, sets, missing values, several targets, trees of one leaf, sums and means.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_is_read_scores_as_the_runtime_does(bool average)
    {
        for (var seed = 0; seed < 80; seed++)
        {
            var random = new Random(seed);
            var trees = new Trees(random, targets: random.Next(1, 4), average);
            var model = trees.Model();
            var data = Enumerable.Range(0, 50 * Features).Select(_ => random.Next(8) == 0 ? float.NaN : random.Next(-2, 5)).ToArray();
            var (values, _) = Runtime.Run(model, Runtime.Tensor("x", data, 50, Features))["y"];
            var node = Assert.Single(OnnxModel.Parse(model.ToBytes()).ReadTreeEnsembles());
            Assert.Equal((trees.Targets, "x"), (node.Model.Outputs, node.Input));
            for (var row = 0; row < 50; row++)
            {
                var expected = node.Model.Score([.. data.Skip(row * Features).Take(Features).Select(v => (double)v)]);
                for (var target = 0; target < trees.Targets; target++)
                {
                    Assert.True(Math.Abs(expected[target] - (float)values[(row * trees.Targets) + target]) < 1e-4, $"seed {seed}, row {row}: {expected[target]} is {values[(row * trees.Targets) + target]}");
                }
            }
        }
    }

    [Theory]
    [InlineData("aggregate_function", 2L, "aggregates by MIN, only SUM and AVERAGE are supported")]
    [InlineData("aggregate_function", 9L, "aggregate_function is 9, 0 to 3 are defined")]
    [InlineData("post_transform", 2L, "has the post_transform 2, only 0 (NONE) is supported")]
    [InlineData("n_targets", 0L, "has 0 targets")]
    public void What_is_not_supported_is_named(string attribute, long value, string reason) =>
        Refused(node => node.Attribute.Single(a => a.Name == attribute).I = value, reason);

    [Fact]
    public void Nodes_that_are_not_sound_are_refused()
    {
        Refused(node => Ints(node, "nodes_truenodeids")[0] = 99, "of which there are");
        Refused(node => (Ints(node, "nodes_truenodeids")[0], Ints(node, "nodes_trueleafs")[0]) = (0, 0), "branch 0 is reached twice");
        Refused(node => Ints(node, "leaf_targetids")[0] = 7, "is not sound");
        Refused(node => Ints(node, "nodes_falseleafs").Add(1), "attribute nodes_falseleafs has");
        Refused(node => node.Attribute.Single(a => a.Name == "nodes_modes").T.RawData = ByteString.CopyFrom([.. Enumerable.Repeat((byte)9, Ints(node, "nodes_featureids").Count)]), "9 is no mode of a branch");
        Refused(node => node.Attribute.Single(a => a.Name == "nodes_modes").T.RawData = ByteString.CopyFrom([.. Enumerable.Repeat((byte)6, Ints(node, "nodes_featureids").Count)]), "branches that test for one");
    }

    [Fact]
    public void The_older_nodes_can_not_be_written_with_sets()
    {
        var graph = new GraphBuilder("sets");
        var x = graph.Input("x", new TensorType(ElementType.Float, Dimension.Batch, 1));
        var tree = new DecisionTree(
            [new TreeNode { Mode = BranchMode.Member, Members = new HashSet<double> { 1, 2 }, True = 1, False = 2 }, new TreeNode { Leaf = [new LeafWeight(0, 1)] }, new TreeNode { Leaf = [new LeafWeight(0, 2)] }]);
        var error = Assert.Throws<OnnxGraphException>(() => graph.TreeEnsembleRegressor(x, new TreeEnsemble { Outputs = 1, Trees = [tree] }));
        Assert.Contains("tests for a set", error.Message, StringComparison.Ordinal);
    }

    private static void Refused(Action<NodeProto> spoil, string reason)
    {
        var model = new Trees(new Random(3), targets: 2, average: false).Model();
        spoil(model.Proto.Graph.Node.Single(n => n.OpType == "TreeEnsemble"));
        Assert.Contains(reason, Assert.Throws<OnnxGraphException>(() => model.ReadTreeEnsembles()).Message, StringComparison.Ordinal);
    }

    private static Google.Protobuf.Collections.RepeatedField<long> Ints(NodeProto node, string name) => node.Attribute.Single(a => a.Name == name).Ints;

    /// <summary>Random trees in the columns of the node.</summary>
    private sealed class Trees
    {
        private readonly Random _random;
        private readonly bool _average;
        private readonly List<long> _roots = [];
        private readonly List<(long Feature, float Split, byte Mode, long True, long TrueLeaf, long False, long FalseLeaf, long Missing)> _branches = [];
        private readonly List<(long Target, float Weight)> _leaves = [];
        private readonly SortedDictionary<int, float[]> _sets = [];

        public Trees(Random random, int targets, bool average)
        {
            (_random, Targets, _average) = (random, targets, average);
            for (var tree = random.Next(1, 6); tree > 0; tree--)
            {
                _roots.Add(_branches.Count);
                _ = random.Next(6) == 0 && tree > 1 ? Lone() : Grow(0);
            }
        }

        public int Targets { get; }

        public OnnxModel Model()
        {
            var graph = new GraphBuilder("v5");
            var x = graph.Input("x", new TensorType(ElementType.Float, Dimension.Batch, Features));
            graph.Output("y", graph.TreeEnsembleRegressor(x, new TreeEnsemble { Outputs = Targets, Trees = [DecisionTree.Constant(new LeafWeight(0, 1))] }));
            var model = graph.Build(new OnnxModelInfo());
            model.Proto.OpsetImport.Single(o => o.Domain == "ai.onnx.ml").Version = 5;
            var node = model.Proto.Graph.Node.Single(n => n.OpType == "TreeEnsembleRegressor");
            node.OpType = "TreeEnsemble";
            node.Attribute.Clear();
            node.Attribute.Add([Int("n_targets", Targets), Int("aggregate_function", _average ? 0 : 1), Int("post_transform", 0), Ints("tree_roots", _roots)]);
            node.Attribute.Add([Ints("nodes_featureids", _branches.Select(b => b.Feature)), Floats("nodes_splits", _branches.Select(b => b.Split))]);
            node.Attribute.Add([Ints("nodes_truenodeids", _branches.Select(b => b.True)), Ints("nodes_trueleafs", _branches.Select(b => b.TrueLeaf))]);
            node.Attribute.Add([Ints("nodes_falsenodeids", _branches.Select(b => b.False)), Ints("nodes_falseleafs", _branches.Select(b => b.FalseLeaf))]);
            node.Attribute.Add([Ints("nodes_missing_value_tracks_true", _branches.Select(b => b.Missing)), Ints("leaf_targetids", _leaves.Select(l => l.Target)), Floats("leaf_weights", _leaves.Select(l => l.Weight))]);
            node.Attribute.Add(Tensor("nodes_modes", new TensorProto { DataType = (int)TensorProto.Types.DataType.Uint8, Dims = { _branches.Count }, RawData = ByteString.CopyFrom([.. _branches.Select(b => b.Mode)]) }));
            if (_sets.Count > 0)
            {
                node.Attribute.Add(Floats("membership_values", _sets.Values.SelectMany(set => (float[])[.. set, float.NaN])));
            }

            return model;
        }

        private long Lone()
        {
            _leaves.Add((_random.Next(Targets), _random.NextSingle()));
            _branches.Add((0, 0, 0, _leaves.Count - 1, 1, _leaves.Count - 1, 1, 0));
            return _branches.Count - 1;
        }

        private long Grow(int depth)
        {
            var index = _branches.Count;
            _branches.Add(default);
            var mode = (byte)_random.Next(7);
            if (mode == 6)
            {
                _sets[index] = [.. Enumerable.Range(-2, 7).Where(_ => _random.Next(2) == 0).Select(v => (float)v).DefaultIfEmpty(1)];
            }

            var (yes, yesLeaf) = Child(depth);
            var (no, noLeaf) = Child(depth);
            _branches[index] = (_random.Next(Features), mode == 6 ? 0 : _random.Next(-1, 4), mode, yes, yesLeaf, no, noLeaf, _random.Next(2));
            return index;
        }

        private (long Id, long IsLeaf) Child(int depth)
        {
            if (depth < 4 && _random.Next(3) > 0)
            {
                return (Grow(depth + 1), 0);
            }

            _leaves.Add((_random.Next(Targets), _random.NextSingle() - 0.5f));
            return (_leaves.Count - 1, 1);
        }

        private static AttributeProto Int(string name, long value) => new() { Name = name, Type = AttributeProto.Types.AttributeType.Int, I = value };

        private static AttributeProto Ints(string name, IEnumerable<long> values) => new() { Name = name, Type = AttributeProto.Types.AttributeType.Ints, Ints = { values } };

        private static AttributeProto Floats(string name, IEnumerable<float> values)
        {
            float[] all = [.. values];
            return Tensor(name, new TensorProto { DataType = (int)TensorProto.Types.DataType.Float, Dims = { all.Length }, FloatData = { all } });
        }

        private static AttributeProto Tensor(string name, TensorProto tensor) => new() { Name = name, Type = AttributeProto.Types.AttributeType.Tensor, T = tensor };
    }
}

using MlSystem.Inference.Explanations.Trees;
using MlSystem.Onnx;

namespace MlSystem.Inference.Tests.Explanations;

/// <summary>TreeSHAP against Shapley's definition: the sum over all subsets of features, on random small trees.</summary>
public sealed class TreeShapOracleTests
{
    private const int Features = 5;
    private const int Cases = 150;

    [Fact]
    public void Path_dependent_values_are_shapleys_with_and_without_tables()
    {
        var random = new Random(5);
        for (var i = 0; i < Cases; i++)
        {
            var ensemble = Ensemble(random);
            var row = Row(random);
            var expected = Shapley(known => ensemble.Trees.Sum(tree => Expected(tree, 0, row, known)) + 0.25);
            foreach (var tableBytes in (long[])[0, 1 << 20])
            {
                var explainer = PathDependentTreeShap.Create(ensemble, 0, [0, 1, 2, 3, 4], Features, tableBytes);
                Near(expected, explainer.Explain(row, Features, 1, CancellationToken.None));
                Assert.Equal(tableBytes > 0, explainer.TableBytes > 0);
                Assert.Equal(ensemble.Score(row)[0], explainer.BaseValue + expected.Sum(), 1e-9);
            }
        }
    }

    [Fact]
    public void Interventional_values_are_shapleys_over_the_background()
    {
        var random = new Random(6);
        for (var i = 0; i < Cases; i++)
        {
            var ensemble = Ensemble(random);
            var row = Row(random);
            var background = Enumerable.Range(0, 7).Select(_ => Row(random)).ToArray();
            var expected = Shapley(known => background.Average(other => ensemble.Score([.. row.Select((v, f) => (known >> f & 1) != 0 ? v : other[f])])[0]));
            var explainer = InterventionalTreeShap.Create(ensemble, 0, [0, 1, 2, 3, 4], Features, background.SelectMany(r => r).ToArray(), Features);
            Near(expected, explainer.Explain(row, Features, 1, CancellationToken.None));
            Assert.Equal(background.Average(other => ensemble.Score(other)[0]), explainer.BaseValue, 1e-9);
        }
    }

    [Fact]
    public void Contributions_of_features_with_one_target_are_summed_and_rows_in_parallel_are_those_alone()
    {
        var random = new Random(7);
        var ensemble = Ensemble(random);
        var rows = Enumerable.Range(0, 200).Select(_ => Row(random)).ToArray();
        var apart = PathDependentTreeShap.Create(ensemble, 0, [0, 1, 2, 3, 4], Features, 0).Explain(rows.SelectMany(r => r).ToArray(), Features, 1, CancellationToken.None);
        var together = PathDependentTreeShap.Create(ensemble, 0, [0, 0, 1, 1, 0], 2, 1 << 20).Explain(rows.SelectMany(r => r).ToArray(), Features, 4, CancellationToken.None);
        for (var r = 0; r < rows.Length; r++)
        {
            var own = apart.AsSpan(r * Features, Features);
            Near([own[0] + own[1] + own[4], own[2] + own[3]], together.AsSpan(r * 2, 2));
        }
    }

    [Fact]
    public void A_long_path_keeps_its_digits()
    {
        // A comb of 40 features: unwinding a path by division would lose most digits here.
        const int depth = 40;
        var nodes = new List<TreeNode>();
        for (var d = 0; d < depth; d++)
        {
            nodes.Add(new TreeNode { Feature = d, Threshold = 0.5, True = depth + d, False = d == depth - 1 ? depth * 2 : d + 1, Cover = 1e6 * Math.Pow(0.9, d) });
        }

        nodes.AddRange(Enumerable.Range(0, depth).Select(d => new TreeNode { Leaf = [new LeafWeight(0, d)], Cover = 1e5 * Math.Pow(0.9, d) }));
        nodes.Add(new TreeNode { Leaf = [new LeafWeight(0, 100)], Cover = 1e6 * Math.Pow(0.9, depth) });
        var ensemble = new TreeEnsemble { Outputs = 1, Trees = [new DecisionTree(nodes)] };
        Assert.True(ensemble.HasCovers());
        var row = Enumerable.Repeat(1.0, depth).ToArray();
        var explainer = PathDependentTreeShap.Create(ensemble, 0, [.. Enumerable.Range(0, depth)], depth, 0);
        Assert.Equal(100, explainer.BaseValue + explainer.Explain(row, depth, 1, CancellationToken.None).Sum(), 1e-9);
    }

    [Fact]
    public void Covers_are_counted_and_a_converters_ones_are_not_believed()
    {
        var ensemble = Ensemble(new Random(8));
        var rows = Enumerable.Range(0, 300).SelectMany(_ => Row(new Random(_))).ToArray();
        var counted = ensemble.WithCovers<double>(rows, Features);
        Assert.All(counted.Trees, tree => Assert.Equal(300, tree.Nodes[0].Cover));
        Assert.False((ensemble with { Trees = [.. ensemble.Trees.Select(tree => new DecisionTree([.. tree.Nodes.Select(node => node with { Cover = 1 })]))] }).HasCovers());
    }

    private static TreeEnsemble Ensemble(Random random) =>
        new() { Outputs = 1, Trees = [.. Enumerable.Range(0, 3).Select(_ => new DecisionTree(Grow(random)))], BaseValues = [0.25] };

    private static List<TreeNode> Grow(Random random)
    {
        var nodes = new List<TreeNode>();
        Grow(random, nodes, 0, 1 + random.Next(1000));
        return nodes;
    }

    private static int Grow(Random random, List<TreeNode> nodes, int depth, double cover)
    {
        var index = nodes.Count;
        if (depth == 5 || (depth > 0 && random.Next(4) == 0))
        {
            nodes.Add(new TreeNode { Leaf = [new LeafWeight(0, (random.NextDouble() * 2) - 1)], Cover = cover });
            return index;
        }

        nodes.Add(new TreeNode());
        var share = random.NextDouble();
        var left = Grow(random, nodes, depth + 1, cover * share);
        var right = Grow(random, nodes, depth + 1, cover * (1 - share));
        nodes[index] = new TreeNode
        {
            Feature = random.Next(Features), Mode = (BranchMode)random.Next(6), Threshold = random.Next(3), True = left, False = right, MissingGoesTrue = random.Next(2) == 0, Cover = cover,
        };
        return index;
    }

    private static double[] Row(Random random) => [.. Enumerable.Range(0, Features).Select(_ => random.Next(8) == 0 ? double.NaN : random.Next(4))];

    private static double Expected(DecisionTree tree, int index, double[] row, int known)
    {
        var node = tree.Nodes[index];
        if (node.Leaf is { } leaf)
        {
            return leaf[0].Value;
        }

        return (known >> node.Feature & 1) != 0
            ? Expected(tree, node.Holds(row[node.Feature]) ? node.True : node.False, row, known)
            : ((tree.Nodes[node.True].Cover!.Value * Expected(tree, node.True, row, known)) + (tree.Nodes[node.False].Cover!.Value * Expected(tree, node.False, row, known))) / node.Cover!.Value;
    }

    /// <summary>By definition, with the value of every subset.</summary>
    public static double[] Shapley(Func<int, double> value, int players = Features)
    {
        var values = Enumerable.Range(0, 1 << players).Select(value).ToArray();
        var factorials = new double[players + 1];
        factorials[0] = 1;
        for (var i = 1; i <= players; i++)
        {
            factorials[i] = factorials[i - 1] * i;
        }

        return [.. Enumerable.Range(0, players).Select(p => Enumerable.Range(0, 1 << players).Where(s => (s >> p & 1) == 0).Sum(s =>
        {
            var size = int.PopCount(s);
            return factorials[size] * factorials[players - size - 1] / factorials[players] * (values[s | 1 << p] - values[s]);
        }))];
    }

    private static void Near(ReadOnlySpan<double> expected, ReadOnlySpan<double> actual)
    {
        for (var i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i], actual[i], 1e-9);
        }
    }
}

using System.Globalization;
using MlSystem.Onnx;

namespace MlSystem.Training.Tabular.LightGbm;

/// <summary>Reads the trees of LightGBM's text form (<c>Tree=n</c> sections of <c>key=value</c> lines).</summary>
internal static class LightGbmModelText
{
    /// <param name="outputs">Trees of one round belong to outputs 0, 1, … in turn.</param>
    public static TreeEnsemble Read(string text, int outputs)
    {
        var trees = new List<DecisionTree>();
        foreach (var section in Sections(text))
        {
            trees.Add(Tree(section, trees.Count % outputs));
        }

        // Without any round there are no trees; the graph's node needs one.
        return new TreeEnsemble
        {
            Trees = trees.Count > 0 ? trees : [DecisionTree.Constant([.. Enumerable.Range(0, outputs).Select(o => new LeafWeight(o, 0))])],
            Outputs = outputs,
        };
    }

    private static IEnumerable<Dictionary<string, string>> Sections(string text)
    {
        Dictionary<string, string>? section = null;
        foreach (var line in text.Split('\n'))
        {
            var starts = line.StartsWith("Tree=", StringComparison.Ordinal);
            if ((starts || line.StartsWith("end of trees", StringComparison.Ordinal)) && section is not null)
            {
                yield return section;
                section = null;
            }

            if (starts)
            {
                section = new Dictionary<string, string>(StringComparer.Ordinal);
            }
            else if (section is not null && line.IndexOf('=', StringComparison.Ordinal) is > 0 and var at)
            {
                section[line[..at]] = line[(at + 1)..];
            }
        }
    }

    private static DecisionTree Tree(Dictionary<string, string> section, int output)
    {
        var leaves = Numbers(section, "leaf_value");
        if (section["num_leaves"] == "1")
        {
            return DecisionTree.Constant(new LeafWeight(output, leaves[0]));
        }

        var features = Integers(section, "split_feature");
        var thresholds = Numbers(section, "threshold");
        int[] left = Integers(section, "left_child"), right = Integers(section, "right_child");
        if (section.GetValueOrDefault("num_cat", "0") != "0")
        {
            throw new NotSupportedException("A tree splits on a set of categories; train on category indicators instead.");
        }

        // Left is "<=". A child below 0 is the complement of a leaf's index.
        return new DecisionTree([
            .. features.Select((feature, i) => new TreeNode
            {
                Feature = feature,
                Threshold = thresholds[i],
                True = Child(left[i], features.Length),
                False = Child(right[i], features.Length),
            }),
            .. leaves.Select(value => new TreeNode { Leaf = [new LeafWeight(output, value)] }),
        ]);
    }

    private static int Child(int child, int branches) => child >= 0 ? child : branches + ~child;

    private static double[] Numbers(Dictionary<string, string> section, string key) =>
        [.. section[key].Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(v => double.Parse(v, CultureInfo.InvariantCulture))];

    private static int[] Integers(Dictionary<string, string> section, string key) =>
        [.. section[key].Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(v => int.Parse(v, CultureInfo.InvariantCulture))];
}

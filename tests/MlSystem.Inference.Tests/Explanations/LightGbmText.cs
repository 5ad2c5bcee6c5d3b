using System.Globalization;
using MlSystem.Onnx;

namespace MlSystem.Inference.Tests.Explanations;

/// <summary>Reads the trees of a LightGBM text model, with their covers and missing-value directions.</summary>
public static class LightGbmText
{
    private const int DefaultLeft = 2;
    private const int MissingNaN = 2;

    public static TreeEnsemble Read(string model) => new()
    {
        Outputs = 1,
        Trees = [.. model.Split("\nTree=").Skip(1).Select(ReadTree)],
    };

    private static DecisionTree ReadTree(string text)
    {
        var fields = text.Split("\n\n")[0].Split('\n').Select(line => line.Split('=', 2)).Where(pair => pair.Length == 2).ToDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal);
        double[] Numbers(string name) => [.. fields.GetValueOrDefault(name, "").Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(n => double.Parse(n, NumberStyles.Float, CultureInfo.InvariantCulture))];
        var values = Numbers("leaf_value");
        if (values.Length == 1)
        {
            return DecisionTree.Constant(new LeafWeight(0, values[0]));
        }

        var (features, thresholds, types, left, right) = (Numbers("split_feature"), Numbers("threshold"), Numbers("decision_type"), Numbers("left_child"), Numbers("right_child"));
        var (inner, leaves) = (Numbers("internal_count"), Numbers("leaf_count"));
        int Child(double child) => child >= 0 ? (int)child : features.Length + ~(int)child;
        return new DecisionTree(
        [
            .. features.Select((feature, i) => new TreeNode
            {
                Feature = (int)feature, Threshold = thresholds[i], True = Child(left[i]), False = Child(right[i]), Cover = inner[i],

                // Without a direction of its own LightGBM takes a missing value for zero.
                MissingGoesTrue = ((int)types[i] >> 2 & 3) == MissingNaN ? ((int)types[i] & DefaultLeft) != 0 : thresholds[i] >= 0,
            }),
            .. values.Select((value, i) => new TreeNode { Leaf = [new LeafWeight(0, value)], Cover = leaves[i] }),
        ]);
    }
}

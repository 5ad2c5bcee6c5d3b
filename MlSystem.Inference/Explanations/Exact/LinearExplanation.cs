using MlSystem.Inference.Explanations.Backgrounds;
using MlSystem.Onnx;

namespace MlSystem.Inference.Explanations.Exact;

/// <summary>Linear models: a feature's contribution is its coefficient times its distance from the background's mean (Štrumbelj and Kononenko 2014).</summary>
internal static class LinearExplanation
{
    /// <summary>Mean of each feature over the background. Of a baseline it is exact: a feature depends on one column, whose distribution is known.</summary>
    public static double[] Means(ExactModel model, ExplainContext context, Background background)
    {
        var rows = model.Run(background.Grid());
        var means = new double[rows.Width];
        var columns = context.Columns.Index().ToDictionary(c => (context.Rows.Inputs[c.Item.Input].Info.Name, c.Item.Element), c => c.Index);
        for (var f = 0; f < means.Length; f++)
        {
            var shares = model.Features[f] is { } raw && columns.TryGetValue((raw.Input, raw.Element), out var column) ? background.Values[column].Shares : [1.0];
            for (var row = 0; row < shares.Length; row++)
            {
                means[f] += shares[row] * rows.Row(row)[f];
            }
        }

        return means;
    }

    public static (double Base, double[] Contributions) Explain(
        LinearModel linear, int score, double[] means, IReadOnlyList<int> targets, int columns, FeatureRows rows, LinkedScore link)
    {
        var coefficients = linear.Coefficients[score];
        var contributions = new double[rows.Rows * columns];
        var expected = linear.Intercepts[score];
        for (var f = 0; f < means.Length; f++)
        {
            expected += coefficients[f] * means[f];
        }

        for (var row = 0; row < rows.Rows; row++)
        {
            var values = rows.Row(row);
            for (var f = 0; f < means.Length; f++)
            {
                if (targets[f] < columns)
                {
                    contributions[(row * columns) + targets[f]] += link.Scale * coefficients[f] * (values[f] - means[f]);
                }
            }
        }

        return (link.Raw(expected), contributions);
    }
}

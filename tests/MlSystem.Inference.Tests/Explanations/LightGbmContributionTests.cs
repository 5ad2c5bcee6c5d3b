using System.Text.Json.Nodes;
using MlSystem.Inference.Tests.Fixture;
using MlSystem.Onnx;

namespace MlSystem.Inference.Tests.Explanations;

/// <summary>Contributions by raw column equal LightGBM's own TreeSHAP, over the whole way: trained, written as ONNX, served, explained.</summary>
public sealed class LightGbmContributionTests
{
    private const int Explained = 1000;

    [Fact]
    public Task Churn_with_categories_and_missing_charges() => CompareAsync(
        MixedTable.Churn(0, 5000), MixedTable.Churn(0, Explained), classifies: true, "objective=binary num_leaves=31 min_data_in_leaf=20 verbosity=-1 num_threads=1 deterministic=true force_row_wise=true seed=3", rounds: 60);

    [Fact]
    public Task Synthetic_regression_with_interactions_on_deep_trees()
    {
        var rows = MixedTable.Synthetic(4000);
        return CompareAsync(rows, rows, classifies: false, "objective=regression num_leaves=63 min_data_in_leaf=5 verbosity=-1 num_threads=1 deterministic=true force_row_wise=true seed=3", rounds: 40);
    }

    private static async Task CompareAsync(MixedTable training, MixedTable rows, bool classifies, string parameters, int rounds)
    {
        Assert.Equal(training.Width, rows.Width);
        using var native = LightGbmNative.Train(training.Features(), training.Width, training.Labels, parameters, rounds);
        var expected = native.Contribute(rows.Features(), rows.Width);
        var trees = LightGbmText.Read(native.ModelText());
        Assert.True(trees.HasCovers());
        await using var registry = new RegistryDouble();
        registry.AddVersion("boosted", 1, training.Folder(trees, classifies));
        registry.SetEndpoint("boosted", 1);
        await registry.StartAsync();
        await using var server = await InferenceServer.StartAsync(registry.Url);
        var body = new JsonObject { ["inputs"] = rows.Inputs(0, Explained), ["parameters"] = new JsonObject { ["timeout"] = 600_000_000 } };
        var (status, answer) = await server.ExplainAsync("boosted", body.ToJsonString());
        Assert.True(status == 200, answer.ToString());
        Assert.Equal(("tree_shap", true, "covers"), (answer.GetProperty("method").GetString(), answer.GetProperty("exact").GetBoolean(), answer.GetProperty("background").GetString()));
        var explained = answer.GetProperty("explanations").EnumerateArray().ToList();
        Assert.Equal(Explained, explained.Count);
        foreach (var (row, explanation) in explained.Index())
        {
            var own = rows.Origins.Index().GroupBy(o => o.Item, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Sum(f => expected[(row * (rows.Width + 1)) + f.Index]), StringComparer.Ordinal);
            foreach (var column in explanation.GetProperty("contributions").EnumerateArray())
            {
                Near(own[column.GetProperty("column").GetString()!], column.GetProperty("contribution").GetDouble(), $"row {row}, {column}");
            }

            Near(expected[(row * (rows.Width + 1)) + rows.Width], explanation.GetProperty("base_value").GetDouble(), $"row {row}, base");
            Assert.InRange(Math.Abs(explanation.GetProperty("residual").GetDouble()), 0, 1e-5 * Math.Max(1, Math.Abs(explanation.GetProperty("value").GetDouble())));
        }
    }

    private static void Near(double expected, double actual, string where) =>
        Assert.True(Math.Abs(expected - actual) <= 1e-5 * Math.Max(1, Math.Abs(expected)), $"{where}: expected {expected:R}, got {actual:R}");
}

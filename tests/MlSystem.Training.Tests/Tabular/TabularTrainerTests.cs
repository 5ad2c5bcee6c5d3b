using MlSystem.Contracts;
using MlSystem.Onnx;
using MlSystem.Training.Tabular;

namespace MlSystem.Training.Tests.Tabular;

public sealed class TabularTrainerTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(TabularAlgorithm.LightGbm)]
    [InlineData(TabularAlgorithm.FastTree)]
    [InlineData(TabularAlgorithm.Linear)]
    public void Same_rows_options_and_seed_give_the_same_bytes_on_any_number_of_threads(string algorithm)
    {
        var frame = TabularData.Random(11, ModelTask.BinaryClassification, 900);
        var options = new TabularOptions { Algorithm = algorithm, Seed = 5, Iterations = 40 };
        using var first = TabularTrainer.Train(frame, null, options, cancellation: Token);
        using var second = TabularTrainer.Train(frame, null, options with { Threads = 1 }, cancellation: Token);
        using var third = TabularTrainer.Train(frame, null, options with { Threads = 3 }, cancellation: Token);
        Assert.Equal(first.Onnx, second.Onnx);
        Assert.Equal(first.Onnx, third.Onnx);
    }

    [Theory]
    [InlineData(TabularAlgorithm.LightGbm)]
    [InlineData(TabularAlgorithm.FastTree)]
    public void Trees_carry_how_many_training_rows_came_to_each_node(string algorithm)
    {
        var frame = TabularData.Random(11, ModelTask.BinaryClassification, 900);
        using var model = TabularTrainer.Train(frame, null, new TabularOptions { Algorithm = algorithm, Seed = 5, Iterations = 20 }, cancellation: Token);
        var trees = Assert.Single(OnnxModel.Parse(model.Onnx).ReadTreeEnsembles()).Model;
        Assert.True(trees.HasCovers());
        Assert.Contains(trees.Trees, tree => tree.Nodes[0].Cover == 900);
    }

    [Fact]
    public void Another_seed_gives_another_model()
    {
        var frame = TabularData.Random(11, ModelTask.BinaryClassification, 900);
        using var first = TabularTrainer.Train(frame, null, new TabularOptions { Seed = 1 }, cancellation: Token);
        using var second = TabularTrainer.Train(frame, null, new TabularOptions { Seed = 2 }, cancellation: Token);
        Assert.NotEqual(first.Onnx, second.Onnx);
    }

    [Fact]
    public void Validation_rows_stop_boosting_early()
    {
        var noise = new Random(1);
        var schema = Schema(ModelTask.BinaryClassification);
        var frame = new TabularFrame(schema, Numbers(400, _ => noise.NextSingle()), Texts(400, _ => "a"), labels: [.. Enumerable.Range(0, 400).Select(_ => noise.Next(2) == 0 ? "no" : "yes")]);
        using var model = TabularTrainer.Train(frame.Select([.. Enumerable.Range(0, 300)]), frame.Select([.. Enumerable.Range(300, 100)]), new TabularOptions(), cancellation: Token);
        Assert.InRange(int.Parse(model.Parameters["trees"], null), 0, 200);
    }

    [Fact]
    public void Signature_and_graph_name_the_same_tensors()
    {
        var schema = new TabularSchema
        {
            Task = ModelTask.MulticlassClassification,
            IntegerLabels = true,
            Columns =
            [
                new TabularColumn("age", TabularColumnKind.Numeric) { Datatype = "INT64", Meaning = "years" },
                new TabularColumn("visits", TabularColumnKind.Numeric) { Datatype = "FP64", Nullable = true },
                new TabularColumn("member", TabularColumnKind.Numeric) { Datatype = "BOOL" },
                new TabularColumn("plan", TabularColumnKind.Categorical) { Nullable = true },
            ],
        };
        var frame = new TabularFrame(
            schema,
            new Dictionary<string, float[]> { ["age"] = Values(90, i => i), ["visits"] = Values(90, i => i % 5 == 0 ? float.NaN : i % 7), ["member"] = Values(90, i => i % 2) },
            new Dictionary<string, string[]> { ["plan"] = [.. Enumerable.Range(0, 90).Select(i => i % 4 == 0 ? "" : $"p{i % 3}")] },
            labels: [.. Enumerable.Range(0, 90).Select(i => $"{(i / 30) - 10}")]);
        using var model = TabularTrainer.Train(frame, null, new TabularOptions { MinimumRowsPerLeaf = 3 }, cancellation: Token);
        var graph = OnnxModel.Parse(model.Onnx);
        Assert.Equal(model.Signature.Inputs.Select(Form), graph.Inputs.Select(Form));
        Assert.Equal(model.Signature.Outputs.Select(Form), graph.Outputs.Select(Form));
        Assert.Equal(["p0", "p1", "p2"], model.Signature.Inputs[3].Categories);
        Assert.Equal(["-10", "-9", "-8"], model.Classes);
        Assert.Contains("plan=missing", model.FeatureNames);
        Assert.Contains("visits=missing", model.FeatureNames);
        Assert.Equal("lightgbm", graph.Metadata["algorithm"]);
        var predictions = model.Predict(frame, Token);
        Assert.Equal(1, ClassificationMetrics.Accuracy(Indexes(frame.Labels!, model.Classes), Indexes(predictions.Labels, model.Classes)), 1);
        var missing = Assert.Throws<TrainingDataException>(() => model.Predict(new TabularFrame(
            schema,
            new Dictionary<string, float[]> { ["age"] = [float.NaN], ["visits"] = [1], ["member"] = [1] },
            new Dictionary<string, string[]> { ["plan"] = ["p0"] }), Token));
        Assert.Equal("age", missing.Column);
    }

    [Theory]
    [InlineData(TabularAlgorithm.LightGbm, 3)]
    [InlineData(TabularAlgorithm.LightGbm, 5)]
    [InlineData(TabularAlgorithm.Linear, 3)]
    [InlineData(TabularAlgorithm.FastTree, 3)]
    [InlineData(TabularAlgorithm.LightGbm, 2)]
    [InlineData(TabularAlgorithm.FastTree, 2)]
    [InlineData(TabularAlgorithm.Linear, 2)]
    public void What_is_plain_in_the_data_is_learned_for_the_right_class(string algorithm, int classes)
    {
        var schema = new TabularSchema
        {
            Task = classes == 2 ? ModelTask.BinaryClassification : ModelTask.MulticlassClassification,
            Columns = [new TabularColumn("word", TabularColumnKind.Categorical)],
        };
        var words = Enumerable.Range(0, 400).Select(i => $"w{i % classes}").ToArray();
        var frame = new TabularFrame(schema, new Dictionary<string, float[]>(), new Dictionary<string, string[]> { ["word"] = words }, labels: words);
        using var model = TabularTrainer.Train(frame, null, new TabularOptions { Algorithm = algorithm }, cancellation: Token);
        Assert.Equal(words, model.Predict(frame, Token).Labels);
    }

    [Theory]
    [InlineData(TabularAlgorithm.LightGbm)]
    [InlineData(TabularAlgorithm.FastTree)]
    [InlineData(TabularAlgorithm.Linear)]
    public void Regression_learns_values_far_from_zero_in_their_own_unit(string algorithm)
    {
        var frame = new TabularFrame(
            new TabularSchema { Task = ModelTask.Regression, Columns = [new TabularColumn("x", TabularColumnKind.Numeric)] },
            new Dictionary<string, float[]> { ["x"] = Values(500, i => i % 50) },
            new Dictionary<string, string[]>(),
            targets: Values(500, i => 50_000 + (i % 50 * 10)));
        using var model = TabularTrainer.Train(frame, null, new TabularOptions { Algorithm = algorithm, Iterations = 300 }, cancellation: Token);
        Assert.InRange(TabularMetrics.Evaluate(frame, model.Predict(frame, Token))["mae"], 0, 10);
    }

    [Fact]
    public void Rare_categories_beyond_the_limit_share_hash_buckets_and_are_reported()
    {
        var schema = Schema(ModelTask.BinaryClassification);
        var frame = new TabularFrame(schema, Numbers(300, i => i), Texts(300, i => $"c{(int)Math.Sqrt(i)}"), labels: [.. Enumerable.Range(0, 300).Select(i => i % 2 == 0 ? "no" : "yes")]);
        using var model = TabularTrainer.Train(frame, null, new TabularOptions { MaximumCategories = 4 }, cancellation: Token);
        Assert.Equal(["c13", "c14", "c15", "c16"], model.Signature.Inputs[1].Categories);
        Assert.Equal("14", model.Parameters["hashed_categories.word"]);
    }

    [Fact]
    public void Progress_ends_at_one_and_a_cancelled_training_stops()
    {
        var frame = TabularData.Random(2, ModelTask.Regression, 150);
        var seen = new List<double>();
        using var model = TabularTrainer.Train(frame, null, new TabularOptions { Algorithm = TabularAlgorithm.Linear }, new Steps(seen.Add), Token);
        Assert.Equal(1, seen[^1]);
        Assert.Equal(seen.Order(), seen);
        using var source = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => TabularTrainer.Train(frame, null, new TabularOptions(), new Steps(_ => source.Cancel()), source.Token));
    }

    private static TabularSchema Schema(string task) => new()
    {
        Task = task,
        Columns = [new TabularColumn("number", TabularColumnKind.Numeric), new TabularColumn("word", TabularColumnKind.Categorical)],
    };

    private static float[] Values(int rows, Func<int, float> value) => [.. Enumerable.Range(0, rows).Select(value)];

    private static Dictionary<string, float[]> Numbers(int rows, Func<int, float> value) => new() { ["number"] = Values(rows, value) };

    private static Dictionary<string, string[]> Texts(int rows, Func<int, string> value) => new() { ["word"] = [.. Enumerable.Range(0, rows).Select(value)] };

    private static int[] Indexes(IReadOnlyList<string> labels, IReadOnlyList<string> classes) => [.. labels.Select(l => classes.ToList().IndexOf(l))];

    private static string Form(TensorSpec spec) => $"{spec.Name} {spec.Datatype} [{string.Join(",", spec.Shape)}]";

    private static string Form(OnnxPort port) => $"{port.Name} {port.Type!.Element.ToInferenceDatatype()} [{string.Join(",", port.Type.Shape.Select(d => d.Size ?? -1))}]";

    private sealed class Steps(Action<double> report) : IProgress<double>
    {
        public void Report(double value) => report(value);
    }
}

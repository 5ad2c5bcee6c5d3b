using System.Globalization;
using System.Text.Json.Nodes;
using MlSystem.Contracts;
using MlSystem.Inference.Tests.Fixture;
using MlSystem.Onnx;
using MlSystem.Testing;

namespace MlSystem.Inference.Tests.Explanations;

/// <summary>Rows with numbers (NaN: missing) and categories (empty: missing), and a graph that expands them for trees.</summary>
public sealed class MixedTable(string[] numbers, string[] categories, float[][] numeric, string[][] text, float[] labels)
{
    private readonly string[][] _values = [.. text.Select(column => column.Where(v => v.Length > 0).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToArray())];

    public int Rows => labels.Length;

    public float[] Labels => labels;

    public int Width => numbers.Length + _values.Sum(values => values.Length);

    /// <summary>For each expanded feature its raw column: numbers first, then one for each category.</summary>
    public string[] Origins => [.. numbers, .. categories.SelectMany((name, c) => _values[c].Select(_ => name))];

    /// <summary>samples/churn, every seventh charge left out.</summary>
    public static MixedTable Churn(int from, int count)
    {
        var lines = File.ReadAllLines(Path.Combine(Path.GetDirectoryName(Path.GetDirectoryName(Path.GetDirectoryName(Golden.Folder)))!, "samples", "churn", "churn.csv"));
        var header = lines[0].Split(',');
        var rows = lines.Skip(1 + from).Take(count).Select(line => line.Split(',')).ToArray();
        string[] Column(string name) => [.. rows.Select(row => row[Array.IndexOf(header, name)])];
        string[] numbers = ["senior_citizen", "tenure", "phone_service", "monthly_charges", "total_charges"];
        string[] categories = ["multiple_lines", "internet_service", "online_security", "contract", "payment_method"];
        float[] Number(string name) => [.. Column(name).Select((v, row) => v.Length == 0 || (name == "monthly_charges" && row % 7 == 0) ? float.NaN : float.Parse(v, CultureInfo.InvariantCulture))];
        return new MixedTable(numbers, categories, [.. numbers.Select(Number)], [.. categories.Select(Column)], [.. Column("churn").Select(v => v == "Yes" ? 1f : 0f)]);
    }

    /// <summary>A seeded target with interactions over six numbers and three categories, a tenth of the cells missing.</summary>
    public static MixedTable Synthetic(int count)
    {
        var random = new Random(11);
        float[][] numeric = [.. Enumerable.Range(0, 6).Select(_ => Enumerable.Range(0, count).Select(_ => random.Next(10) == 0 ? float.NaN : (float)((random.NextDouble() * 4) - 2)).ToArray())];
        string[][] text = [.. Enumerable.Range(0, 3).Select(c => Enumerable.Range(0, count).Select(_ => random.Next(10) == 0 ? "" : "k" + random.Next(3 + (2 * c))).ToArray())];
        float Or(float value) => float.IsNaN(value) ? 0.7f : value;
        var labels = Enumerable.Range(0, count).Select(r =>
            (Or(numeric[0][r]) * Or(numeric[1][r])) + (text[0][r] == "k1" ? 2 * Or(numeric[2][r]) : 0) + (text[2][r].Length == 0 ? 1 : 0) + (Or(numeric[3][r]) > 0.5f && text[1][r] == "k2" ? 3 : 0));
        return new MixedTable([.. Enumerable.Range(0, 6).Select(i => $"n{i}")], ["a", "b", "c"], numeric, text, [.. labels]);
    }

    /// <summary>The expanded features, row-major.</summary>
    public double[] Features()
    {
        var features = new double[Rows * Width];
        for (var row = 0; row < Rows; row++)
        {
            var at = row * Width;
            foreach (var column in numeric)
            {
                features[at++] = column[row];
            }

            for (var c = 0; c < text.Length; c++)
            {
                foreach (var value in _values[c])
                {
                    features[at++] = text[c][row] == value ? 1 : 0;
                }
            }
        }

        return features;
    }

    /// <summary>The rows from <paramref name="from"/> on as the inputs of a request.</summary>
    public JsonArray Inputs(int from, int count) => new(
    [
        .. numbers.Select((name, i) => Input(name, "FP32", count, numeric[i].Skip(from).Take(count).Select(v => float.IsNaN(v) ? null : (JsonNode)v))),
        .. categories.Select((name, i) => Input(name, "BYTES", count, text[i].Skip(from).Take(count).Select(v => v.Length == 0 ? null : (JsonNode)v))),
    ]);

    /// <summary>A version: raw columns → trees → output <c>prediction</c>, or label and probabilities.</summary>
    public ModelFolder Folder(TreeEnsemble trees, bool classifies)
    {
        var graph = new GraphBuilder("lightgbm");
        var inputs = numbers.Select(name => graph.Input(name, new TensorType(ElementType.Float, Dimension.Batch, 1))).ToList();
        var encoded = categories.Select((name, c) => graph.Squeeze(graph.OneHotEncoder(graph.Input(name, new TensorType(ElementType.String, Dimension.Batch, 1)), _values[c]), 1));
        var score = graph.Cast(graph.TreeEnsembleRegressor(graph.Cast(graph.Concat([.. inputs, .. encoded], 1), ElementType.Double), trees), ElementType.Double);
        List<TensorSpec> outputs = [];
        if (classifies)
        {
            var probabilities = graph.Concat([graph.Sigmoid(graph.Mul(score, graph.Scalar(-1.0))), graph.Sigmoid(score)], 1);
            graph.Output("label", graph.Gather(graph.Constant(["No", "Yes"]), graph.ArgMax(probabilities, 1)));
            graph.Output("probabilities", graph.Cast(probabilities, ElementType.Float));
            outputs = [ModelFolder.Spec("label", "BYTES", -1) with { Categories = ["No", "Yes"] }, ModelFolder.Spec("probabilities", "FP32", -1, 2)];
        }
        else
        {
            graph.Output("prediction", graph.Squeeze(graph.Cast(score, ElementType.Float), 1));
            outputs = [ModelFolder.Spec("prediction", "FP32", -1)];
        }

        return ModelFolder.Of(graph, ModelFolder.Signature(
            classifies ? ModelTask.BinaryClassification : ModelTask.Regression,
            [.. numbers.Select(n => ModelFolder.Spec(n, "FP32", -1, 1) with { Nullable = true }), .. categories.Select(n => ModelFolder.Spec(n, "BYTES", -1, 1) with { Nullable = true })],
            outputs));
    }

    private static JsonObject Input(string name, string datatype, int count, IEnumerable<JsonNode?> data) =>
        new() { ["name"] = name, ["shape"] = new JsonArray(count), ["datatype"] = datatype, ["data"] = new JsonArray([.. data]) };
}

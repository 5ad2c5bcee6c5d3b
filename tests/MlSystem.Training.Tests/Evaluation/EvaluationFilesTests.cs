using System.Text.Json.Nodes;
using System.Xml.Linq;
using MlSystem.Contracts;
using MlSystem.Training.Evaluation.Plots;
using MlSystem.Training.Tabular;

namespace MlSystem.Training.Tests.Evaluation;

public sealed class EvaluationFilesTests
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    [Fact]
    public void A_binary_model_gets_its_curves_and_a_confusion_matrix()
    {
        var files = EvaluationFiles.Of(Frame(["no", "yes", "yes", "no"]), Binary([0.1f, 0.9f, 0.4f, 0.6f], ["no", "yes", "no", "yes"]));
        Assert.Equal(["calibration.svg", "confusion.json", "confusion.svg", "precision_recall.svg", "roc.svg"], files.Keys.Order());
        Assert.All(files.Where(f => f.Key.EndsWith(".svg", StringComparison.Ordinal)), f => Assert.Equal(Svg + "svg", Parse(f.Value).Root!.Name));
        var confusion = JsonNode.Parse(files["confusion.json"])!;
        Assert.Equal("""["no","yes"]""", confusion["classes"]!.ToJsonString());
        Assert.Equal("[[1,1],[1,1]]", confusion["counts"]!.ToJsonString());
        Assert.Equal(0.5, confusion["per_class"]![1]!["precision"]!.GetValue<double>());
        Assert.Equal(2, confusion["per_class"]![1]!["support"]!.GetValue<int>());
    }

    [Fact]
    public void Curves_that_one_class_does_not_define_are_left_out() =>
        Assert.Equal(["calibration.svg", "confusion.json", "confusion.svg"], EvaluationFiles.Of(Frame(["yes", "yes"]), Binary([0.1f, 0.9f], ["no", "yes"])).Keys.Order());

    [Fact]
    public void Names_of_classes_cannot_break_the_picture()
    {
        var frame = Frame(["<a & b>", "yes"]);
        var files = EvaluationFiles.Of(frame, Binary([0.2f, 0.9f], ["<a & b>", "yes"], "<a & b>"));
        Assert.Contains(Parse(files["confusion.svg"]).Descendants(Svg + "text"), t => t.Value == "<a & b>");
    }

    [Fact]
    public void A_curve_goes_from_nobody_to_everybody_through_every_threshold()
    {
        var curve = ThresholdCurve.Of([true, false, true, false], [0.9f, 0.9f, 0.3f, 0.1f]);
        Assert.Equal([(0, 0), (1, 1), (2, 1), (2, 2)], curve.Points.Select(p => ((int)p.Hits, (int)p.FalseAlarms)));
        var random = new Random(3);
        var scores = Enumerable.Range(0, 5000).Select(_ => random.NextSingle()).ToArray();
        var many = ThresholdCurve.Of([.. scores.Select(s => random.NextSingle() < s)], scores);
        Assert.Equal(400, many.Points.Count);
        Assert.Equal((0L, 0L), (many.Points[0].Hits, many.Points[0].FalseAlarms));
        Assert.Equal((many.Positives, many.Negatives), (many.Points[^1].Hits, many.Points[^1].FalseAlarms));
    }

    [Fact]
    public void Residuals_of_many_rows_are_thinned_and_it_says_so()
    {
        var rows = Enumerable.Range(0, 5000).Select(i => (float)i).ToArray();
        var schema = new TabularSchema { Columns = [new TabularColumn("x", TabularColumnKind.Numeric)], Task = ModelTask.Regression };
        var frame = new TabularFrame(schema, new Dictionary<string, float[]> { ["x"] = rows }, new Dictionary<string, string[]>(), targets: rows);
        var plot = Parse(EvaluationFiles.Of(frame, new TabularPredictions { Values = [.. rows.Select(r => r + 1)] })["residuals.svg"]);
        Assert.Equal(2000, plot.Descendants(Svg + "circle").Count());
        Assert.Contains(plot.Descendants(Svg + "text"), t => t.Value == "Residuals of 2000 of 5000 rows");
    }

    [Fact]
    public void Calibration_error_is_the_distance_of_probability_and_outcome()
    {
        bool[] half = [true, false, true, false];
        Assert.Equal(0.4, CalibrationBins.Error(half, [0.9f, 0.9f, 0.9f, 0.9f]), 6);
        Assert.Equal(0, CalibrationBins.Error(half, [0.5f, 0.5f, 0.5f, 0.5f]), 6);
        Assert.Equal(0, CalibrationBins.Error([true, false], [1f, 0f]), 6);
        // Two bins of two rows: |0.1 - 0| and |0.8 - 0.5|.
        Assert.Equal((0.1 + 0.3) / 2, CalibrationBins.Error([false, false, true, false], [0.1f, 0.1f, 0.8f, 0.8f]), 6);
        // Likeliest classes 0 (right, 0.6) and 2 (wrong, 0.5).
        Assert.Equal((0.4 + 0.5) / 2, CalibrationBins.TopClassError([0, 1], [0.6f, 0.3f, 0.1f, 0.2f, 0.3f, 0.5f], 3), 6);
    }

    private static XDocument Parse(byte[] svg) => XDocument.Load(new MemoryStream(svg));

    private static TabularFrame Frame(string[] labels) => new(
        new TabularSchema { Columns = [new TabularColumn("x", TabularColumnKind.Numeric)], Task = ModelTask.BinaryClassification },
        new Dictionary<string, float[]> { ["x"] = new float[labels.Length] }, new Dictionary<string, string[]>(), labels: labels);

    private static TabularPredictions Binary(float[] positive, string[] labels, string negative = "no") =>
        new() { Classes = [negative, "yes"], Labels = labels, Probabilities = [.. positive.SelectMany(p => new[] { 1 - p, p })] };
}

using System.Globalization;
using System.Text;
using MlSystem.Inference.Runtimes;
using MlSystem.Inference.Tensors;

namespace MlSystem.Inference.Shadowing;

/// <summary>How a shadow's answer differs from the live one of the same request.</summary>
/// <param name="Rows">Rows that could be compared.</param>
/// <param name="DifferingLabels">Classification: rows whose <c>label</c> differs.</param>
/// <param name="AbsoluteDifference">Regression: sum of |live − shadow| of <c>prediction</c>.</param>
/// <param name="IsRegression">Whether <paramref name="AbsoluteDifference"/> was measured.</param>
public readonly record struct Disagreement(int Rows, int DifferingLabels, double AbsoluteDifference, bool IsRegression);

/// <summary>What is kept of an answer to compare it: the standard output <c>label</c> or <c>prediction</c>, if the model has one.</summary>
public sealed class ComparableAnswer
{
    private const string Label = "label";
    private const string Prediction = "prediction";
    private readonly string[]? _labels;
    private readonly double[]? _predictions;

    private ComparableAnswer(string[]? labels, double[]? predictions) => (_labels, _predictions) = (labels, predictions);

    public static ComparableAnswer Of(TensorSet tensors)
    {
        if (Find(tensors, Label) is { } label)
        {
            return new ComparableAnswer([.. Enumerable.Range(0, label.Count).Select(row => Text(label, row))], null);
        }

        return Find(tensors, Prediction) is { Info.Datatype: not Datatype.Bytes } prediction
            ? new ComparableAnswer(null, [.. Enumerable.Range(0, prediction.Count).Select(row => NumericTensors.GetDouble(prediction, row))])
            : new ComparableAnswer(null, null);
    }

    /// <summary>Row by row; nothing is compared where the answers are of different kinds or lengths.</summary>
    public Disagreement Compare(ComparableAnswer other)
    {
        if (_labels is not null && other._labels?.Length == _labels.Length)
        {
            return new Disagreement(_labels.Length, _labels.Zip(other._labels).Count(pair => pair.First != pair.Second), 0, IsRegression: false);
        }

        if (_predictions is null || other._predictions?.Length != _predictions.Length)
        {
            return default;
        }

        var differences = _predictions.Zip(other._predictions, (live, shadow) => Math.Abs(live - shadow)).Where(double.IsFinite).ToList();
        return new Disagreement(differences.Count, 0, differences.Sum(), IsRegression: true);
    }

    private static Tensor? Find(TensorSet tensors, string name) => Array.Find(tensors.Outputs, output => output.Info.Name == name);

    private static string Text(Tensor label, int row) => label.Info.Datatype == Datatype.Bytes
        ? Encoding.UTF8.GetString(label.GetBytes(row))
        : NumericTensors.GetDouble(label, row).ToString("R", CultureInfo.InvariantCulture);
}

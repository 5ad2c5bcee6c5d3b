using System.Globalization;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using MlSystem.Contracts;

namespace MlSystem.Training.Tabular;

/// <summary>A trained model: the graph that will be served, and its predictions as serving will give them.</summary>
public sealed class TabularModel : IDisposable
{
    private const int BatchRows = 4096;

    private readonly Lazy<InferenceSession> _session;
    private readonly TabularSchema _schema;

    internal TabularModel(byte[] onnx, ModelSignature signature, TabularSchema schema, IReadOnlyDictionary<string, string> parameters, IReadOnlyList<string> featureNames)
    {
        Onnx = onnx;
        Signature = signature;
        Parameters = parameters;
        FeatureNames = featureNames;
        _schema = schema;
        _session = new Lazy<InferenceSession>(() => new InferenceSession(onnx));
    }

    /// <summary>Content of <c>model.onnx</c>: equal data, options and seed give equal bytes.</summary>
    public byte[] Onnx { get; }

    public ModelSignature Signature { get; }

    /// <summary>Settings and what training made of them, for the run's parameters; also in the graph's metadata.</summary>
    public IReadOnlyDictionary<string, string> Parameters { get; }

    /// <summary>Names of the features inside the graph, in order; the input column comes first, <c>column=category</c>.</summary>
    public IReadOnlyList<string> FeatureNames { get; }

    /// <summary>Class labels in the order of the probabilities; empty for regression.</summary>
    public IReadOnlyList<string> Classes => Signature.Outputs[0].Categories ?? [];

    /// <summary>Predicts with the graph itself, through ONNX Runtime. Not safe for several threads at once only while being disposed of.</summary>
    public TabularPredictions Predict(TabularFrame frame, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(frame);
        var labels = new List<string>(frame.Rows);
        var numbers = new List<float>(frame.Rows * Math.Max(1, Classes.Count));
        for (var start = 0; start < frame.Rows; start += BatchRows)
        {
            cancellation.ThrowIfCancellationRequested();
            Predict(frame, start, Math.Min(BatchRows, frame.Rows - start), labels, numbers);
        }

        return _schema.IsClassification
            ? new TabularPredictions { Classes = Classes, Labels = labels, Probabilities = [.. numbers] }
            : new TabularPredictions { Values = [.. numbers] };
    }

    public void Dispose()
    {
        if (_session.IsValueCreated)
        {
            _session.Value.Dispose();
        }
    }

    private void Predict(TabularFrame frame, int start, int count, List<string> labels, List<float> numbers)
    {
        var inputs = _schema.Columns.Select(c => Input(frame, c, start, count)).ToList();
        using var results = _session.Value.Run(inputs);
        foreach (var result in results)
        {
            switch (result.Name)
            {
                case StandardOutputs.Label when _schema.IntegerLabels:
                    labels.AddRange(result.AsEnumerable<long>().Select(l => l.ToString(CultureInfo.InvariantCulture)));
                    break;
                case StandardOutputs.Label:
                    labels.AddRange(result.AsEnumerable<string>());
                    break;
                default:
                    numbers.AddRange(result.AsEnumerable<float>());
                    break;
            }
        }
    }

    private static NamedOnnxValue Input(TabularFrame frame, TabularColumn column, int start, int count)
    {
        if (column.Kind == TabularColumnKind.Categorical)
        {
            return Tensor(column.Name, frame.Text(column.Name).AsMemory(start, count).ToArray());
        }

        var values = frame.Numeric(column.Name).AsSpan(start, count).ToArray();
        return column.Datatype switch
        {
            "FP32" => Tensor(column.Name, values),
            "FP64" => Tensor(column.Name, Array.ConvertAll(values, v => (double)v)),
            "BOOL" => Tensor(column.Name, Array.ConvertAll(values, v => Whole(column, v) != 0)),
            "INT64" => Tensor(column.Name, Array.ConvertAll(values, v => (long)Whole(column, v))),
            "INT32" => Tensor(column.Name, Array.ConvertAll(values, v => (int)Whole(column, v))),
            "INT16" => Tensor(column.Name, Array.ConvertAll(values, v => (short)Whole(column, v))),
            "INT8" => Tensor(column.Name, Array.ConvertAll(values, v => (sbyte)Whole(column, v))),
            "UINT8" => Tensor(column.Name, Array.ConvertAll(values, v => (byte)Whole(column, v))),
            _ => Tensor(column.Name, Array.ConvertAll(values, v => (ushort)Whole(column, v))),
        };
    }

    /// <summary>An integer tensor can hold neither NaN nor a fraction.</summary>
    private static float Whole(TabularColumn column, float value) => float.IsInteger(value)
        ? value
        : throw new TrainingDataException(column.Name, $"has datatype {column.Datatype}, which can't hold {(float.IsNaN(value) ? "a missing value; make a nullable integer column FP64" : value)}");

    private static NamedOnnxValue Tensor<T>(string name, T[] values) =>
        NamedOnnxValue.CreateFromTensor(name, new DenseTensor<T>(values, [values.Length, 1]));
}

/// <summary>Predictions of some rows.</summary>
public sealed record TabularPredictions
{
    /// <summary>Class labels in the order of the probabilities; empty for regression.</summary>
    public IReadOnlyList<string> Classes { get; init; } = [];

    /// <summary>Predicted labels, one a row; empty for regression.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>Row-major, rows × classes; empty for regression.</summary>
    public float[] Probabilities { get; init; } = [];

    /// <summary>Predicted values, one a row; empty for classification.</summary>
    public float[] Values { get; init; } = [];

    /// <summary>The predicted labels as positions in <see cref="Classes"/>, one a row.</summary>
    public int[] LabelPositions()
    {
        var positions = Classes.Index().ToDictionary(c => c.Item, c => c.Index, StringComparer.Ordinal);
        return [.. Labels.Select(label => positions[label])];
    }

    /// <summary>Probabilities of one class, one a row.</summary>
    public float[] ProbabilityOf(int classIndex) =>
        [.. Enumerable.Range(0, Probabilities.Length / Classes.Count).Select(row => Probabilities[(row * Classes.Count) + classIndex])];
}

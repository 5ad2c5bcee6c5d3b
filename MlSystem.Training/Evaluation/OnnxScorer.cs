using System.Globalization;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using MlSystem.Contracts;
using MlSystem.Training.Data;
using MlSystem.Training.Tabular;

namespace MlSystem.Training.Evaluation;

/// <summary>Scores rows with the file that will be served, or that is served already, through ONNX Runtime.</summary>
internal sealed class OnnxScorer(byte[] onnx, ModelSignature signature, Microsoft.ML.OnnxRuntime.SessionOptions? options = null) : IDisposable
{
    private const int BatchRows = 4096;
    private readonly InferenceSession _session = options is null ? new(onnx) : new(onnx, options);

    /// <exception cref="ScoringException">The rows lack an input, or an input's values are of another type.</exception>
    public TabularPredictions Score(RowTable rows, CancellationToken cancellationToken)
    {
        if (signature.Inputs.FirstOrDefault(i => !rows.Has(i.Name)) is { } missing)
        {
            throw new ScoringException($"The rows have no column for the model's input '{missing.Name}'.");
        }

        var classes = signature.Outputs.FirstOrDefault(o => o.Name == StandardOutputs.Label)?.Categories ?? [];
        string[] outputs = classes.Count > 0 ? [StandardOutputs.Probabilities, StandardOutputs.Label] : [StandardOutputs.Prediction];
        List<float> values = new(rows.Rows * Math.Max(1, classes.Count));
        List<string> labels = new(rows.Rows);
        for (var start = 0; start < rows.Rows; start += BatchRows)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var count = Math.Min(BatchRows, rows.Rows - start);
            using var results = _session.Run([.. signature.Inputs.Select(i => Input(i, rows[i.Name].AsSpan(start, count)))], outputs);
            values.AddRange(results[0].AsEnumerable<float>());
            labels.AddRange(classes.Count > 0 ? Labels(results[1], classes) : []);
        }

        return classes.Count > 0
            ? new TabularPredictions { Classes = classes, Probabilities = [.. values], Labels = labels }
            : new TabularPredictions { Values = [.. values] };
    }

    public void Dispose() => _session.Dispose();

    /// <summary>The graph's own labels: where a threshold was chosen, they are not the likeliest classes.</summary>
    private static IEnumerable<string> Labels(DisposableNamedOnnxValue output, IReadOnlyList<string> classes)
    {
        IEnumerable<string> labels = output.Value switch
        {
            Tensor<string> texts => texts,
            Tensor<long> numbers => numbers.Select(n => n.ToString(CultureInfo.InvariantCulture)),
            Tensor<int> numbers => numbers.Select(n => n.ToString(CultureInfo.InvariantCulture)),
            Tensor<bool> truths => truths.Select(t => t ? "true" : "false"),
            _ => throw new ScoringException($"The model's output '{output.Name}' has element type {output.ElementType}, which is no label."),
        };
        return labels.Select(label => classes.Contains(label) ? label : throw new ScoringException($"The model gives the label '{label}', which is none of its categories."));
    }

    private static NamedOnnxValue Input(TensorSpec spec, ReadOnlySpan<string> cells) => spec.Datatype switch
    {
        "BYTES" => Tensor(spec, cells, c => c),
        "FP32" => Tensor(spec, cells, c => c.Length == 0 ? float.NaN : (float)Number(spec, c)),
        "FP64" => Tensor(spec, cells, c => c.Length == 0 ? double.NaN : Number(spec, c)),
        "INT64" => Tensor(spec, cells, c => checked((long)Number(spec, c))),
        "INT32" => Tensor(spec, cells, c => checked((int)Number(spec, c))),
        "INT16" => Tensor(spec, cells, c => checked((short)Number(spec, c))),
        "INT8" => Tensor(spec, cells, c => checked((sbyte)Number(spec, c))),
        "UINT8" => Tensor(spec, cells, c => checked((byte)Number(spec, c))),
        "UINT16" => Tensor(spec, cells, c => checked((ushort)Number(spec, c))),
        "BOOL" => Tensor(spec, cells, c => Number(spec, c) != 0),
        _ => throw new ScoringException($"Input '{spec.Name}' has datatype {spec.Datatype}, which rows cannot be scored with."),
    };

    private static NamedOnnxValue Tensor<T>(TensorSpec spec, ReadOnlySpan<string> cells, Func<string, T> convert)
    {
        var values = new T[cells.Length];
        for (var row = 0; row < values.Length; row++)
        {
            values[row] = convert(cells[row]);
        }

        return NamedOnnxValue.CreateFromTensor(spec.Name, new DenseTensor<T>(values, spec.Shape.Count == 1 ? [values.Length] : [values.Length, 1]));
    }

    private static double Number(TensorSpec spec, string cell) =>
        double.TryParse(cell, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new ScoringException($"Input '{spec.Name}' is {spec.Datatype}, but a row has '{cell}'.");
}

/// <summary>Rows cannot be scored with a model.</summary>
internal sealed class ScoringException(string message) : Exception(message);

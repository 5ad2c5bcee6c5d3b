using Microsoft.ML.OnnxRuntime;
using MlSystem.Inference.Tensors;

namespace MlSystem.Inference.Runtimes;

/// <summary>
/// How an output's dimensions follow from the inputs': each is fixed, or carries the symbol of an input's dimension.
/// Where that holds for all, the output's memory is ours and allocated once; else ONNX Runtime allocates it in each run.
/// </summary>
internal sealed class OutputShape
{
    private readonly (long Fixed, int Input, int Dimension)[]? _dimensions;

    private OutputShape((long, int, int)[]? dimensions) => _dimensions = dimensions;

    public bool IsKnown => _dimensions is not null;

    public int Rank => _dimensions?.Length ?? 0;

    public static IReadOnlyList<OutputShape> Resolve(InferenceSession session, IReadOnlyList<TensorInfo> inputs, IReadOnlyList<TensorInfo> outputs)
    {
        var symbols = new Dictionary<string, (int Input, int Dimension)>(StringComparer.Ordinal);
        for (var i = 0; i < inputs.Count; i++)
        {
            var names = session.InputMetadata[inputs[i].Name].SymbolicDimensions;
            for (var d = 0; d < names.Length; d++)
            {
                if (!string.IsNullOrEmpty(names[d]))
                {
                    symbols.TryAdd(names[d], (i, d));
                }
            }
        }

        return [.. outputs.Select(output => Resolve(session.OutputMetadata[output.Name], symbols))];
    }

    /// <summary>Writes the dimensions for the current inputs and returns the number of elements.</summary>
    public int Fill(Tensor[] inputs, Span<long> shape)
    {
        long count = 1;
        for (var d = 0; d < _dimensions!.Length; d++)
        {
            var (size, input, dimension) = _dimensions[d];
            shape[d] = size >= 0 ? size : inputs[input].Shape[dimension];
            count = checked(count * shape[d]);
        }

        return checked((int)count);
    }

    private static OutputShape Resolve(NodeMetadata output, Dictionary<string, (int Input, int Dimension)> symbols)
    {
        var dimensions = new (long, int, int)[output.Dimensions.Length];
        for (var d = 0; d < dimensions.Length; d++)
        {
            if (output.Dimensions[d] >= 0)
            {
                dimensions[d] = (output.Dimensions[d], 0, 0);
            }
            else if (output.SymbolicDimensions[d] is { Length: > 0 } symbol && symbols.TryGetValue(symbol, out var source))
            {
                dimensions[d] = (-1, source.Input, source.Dimension);
            }
            else
            {
                return new OutputShape(null);
            }
        }

        return new OutputShape(dimensions.Length == 0 && output.ElementDataType == Microsoft.ML.OnnxRuntime.Tensors.TensorElementType.String ? null : dimensions);
    }
}

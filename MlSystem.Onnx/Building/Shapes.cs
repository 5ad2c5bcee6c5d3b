namespace MlSystem.Onnx;

/// <summary>Shape arithmetic over fixed and symbolic dimensions.</summary>
internal static class Shapes
{
    /// <summary>Numpy broadcasting; null when two dimensions can't go together.</summary>
    /// <remarks>Two different symbols are refused: whether they agree is known only when the model runs.</remarks>
    public static IReadOnlyList<Dimension>? Broadcast(IReadOnlyList<Dimension> left, IReadOnlyList<Dimension> right)
    {
        var rank = Math.Max(left.Count, right.Count);
        var result = new Dimension[rank];
        for (var i = 0; i < rank; i++)
        {
            var a = At(left, rank, i);
            var b = At(right, rank, i);
            if (a == b || b.Size == 1)
            {
                result[i] = a;
            }
            else if (a.Size == 1)
            {
                result[i] = b;
            }
            else
            {
                return null;
            }
        }

        return result;
    }

    /// <summary>Number of elements; null when a dimension is symbolic.</summary>
    public static long? Count(IReadOnlyList<Dimension> shape) =>
        shape.Aggregate((long?)1, (product, dim) => product * dim.Size);

    private static Dimension At(IReadOnlyList<Dimension> shape, int rank, int index)
    {
        var own = index - (rank - shape.Count);
        return own < 0 ? 1 : shape[own];
    }
}

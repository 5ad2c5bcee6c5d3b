using MlSystem.Inference.Prediction;

namespace MlSystem.Inference.Tensors;

/// <summary>Arithmetic on dimensions that come from outside.</summary>
public static class TensorShape
{
    /// <summary>Most dimensions a tensor may have.</summary>
    public const int MaxRank = 16;

    /// <summary>Checks a request's shape against an input and gives the tensor its memory.</summary>
    /// <param name="available">How many elements the body can hold at most, so that no memory is given for a shape that the data can't fill.</param>
    /// <exception cref="InferenceException">The shape does not fit, overflows or is larger than the data.</exception>
    public static void Apply(Tensor tensor, ReadOnlySpan<long> requested, long available)
    {
        if (TryApply(tensor, requested, available))
        {
            return;
        }

        var info = tensor.Info;
        Span<long> fitted = stackalloc long[MaxRank];
        if (requested.Length > MaxRank || info.Shape.Length > MaxRank || !info.TryFit(requested, fitted))
        {
            throw InferenceException.Invalid($"input '{info.Name}': shape {Text(requested)} does not fit the model's {Text(info.Shape)}{(info.IsColumn ? " (a column is [N] or [N, 1])" : "")}");
        }

        var count = Elements(info.Name, requested);
        throw InferenceException.Invalid($"input '{info.Name}': shape {Text(requested)} names {count} elements, more than the data can hold");
    }

    /// <summary>The same, without a word about what is wrong.</summary>
    public static bool TryApply(Tensor tensor, ReadOnlySpan<long> requested, long available)
    {
        Span<long> fitted = stackalloc long[MaxRank];
        var info = tensor.Info;
        if (requested.Length > MaxRank || info.Shape.Length > MaxRank || !info.TryFit(requested, fitted) || !TryElements(requested, out var count) || count > available)
        {
            return false;
        }

        tensor.Resize(fitted[..info.Shape.Length], (int)count);
        tensor.IsPresent = true;
        return true;
    }

    /// <summary>The number of elements; dimensions are at least 1 and the product fits an array.</summary>
    public static long Elements(string name, ReadOnlySpan<long> shape)
    {
        long count = 1;
        foreach (var dimension in shape)
        {
            if (dimension < 1)
            {
                throw InferenceException.Invalid($"input '{name}': shape {Text(shape)} has a dimension below 1");
            }

            if (count > int.MaxValue / sizeof(long) / dimension)
            {
                throw InferenceException.Invalid($"input '{name}': shape {Text(shape)} overflows the largest tensor ({int.MaxValue / sizeof(long)} elements)");
            }

            count *= dimension;
        }

        return count;
    }

    private static bool TryElements(ReadOnlySpan<long> shape, out long count)
    {
        count = 1;
        foreach (var dimension in shape)
        {
            if (dimension < 1 || count > int.MaxValue / sizeof(long) / dimension)
            {
                return false;
            }

            count *= dimension;
        }

        return true;
    }

    public static string Text(ReadOnlySpan<long> shape) => $"[{string.Join(", ", shape.ToArray())}]";
}

using MlSystem.Inference.Prediction;
using MlSystem.Inference.Tensors;

namespace MlSystem.Inference.Graphs;

/// <summary>Moves elements and rows between tensors of one datatype.</summary>
internal static class TensorCopy
{
    /// <summary>Copies all elements, with a column's trailing 1 added or dropped as the target wants it.</summary>
    /// <exception cref="InferenceException">The shape is none of the target's.</exception>
    public static void Whole(Tensor source, Tensor target)
    {
        Span<long> shape = stackalloc long[TensorShape.MaxRank];
        if (!target.Info.TryFit(source.Shape, shape))
        {
            throw new InferenceException(FaultKind.ModelFailed, $"'{source.Info.Name}' has the shape {TensorShape.Text(source.Shape)}, which does not fit {TensorShape.Text(target.Info.Shape)} of '{target.Info.Name}'");
        }

        target.Resize(shape[..target.Info.Shape.Length], source.Count);
        target.IsPresent = true;
        Elements(source, 0, target, 0, source.Count);
    }

    /// <summary>A tensor of some rows of another.</summary>
    public static Tensor Gather(Tensor source, IReadOnlyList<int> rows)
    {
        var width = source.Count / (int)source.Rows;
        var target = Like(source, rows.Count);
        for (var i = 0; i < rows.Count; i++)
        {
            Elements(source, rows[i] * width, target, i * width, width);
        }

        return target;
    }

    /// <summary>Puts the rows of a tensor back to where they came from.</summary>
    public static void Scatter(Tensor source, Tensor target, IReadOnlyList<int> rows)
    {
        var width = target.Count / (int)target.Rows;
        if (source.Rows != rows.Count || source.Count != rows.Count * width)
        {
            throw new InferenceException(FaultKind.ModelFailed, $"'{source.Info.Name}' has the shape {TensorShape.Text(source.Shape)} for {rows.Count} row(s) of {width} element(s)");
        }

        for (var i = 0; i < rows.Count; i++)
        {
            Elements(source, i * width, target, rows[i] * width, width);
        }
    }

    /// <summary>A new tensor of the same type with another number of rows.</summary>
    public static Tensor Like(Tensor source, int rows)
    {
        var target = new Tensor(source.Info) { IsPresent = true };
        long[] shape = [rows, .. source.Shape.AsSpan(1)];
        target.Resize(shape, rows * (source.Count / (int)source.Rows));
        return target;
    }

    /// <summary>Copies some elements.</summary>
    public static void Elements(Tensor source, int from, Tensor target, int to, int count)
    {
        if (source.Info.Datatype != Datatype.Bytes)
        {
            var size = source.Info.Datatype.Size();
            source.Raw.Slice(from * size, count * size).CopyTo(target.Raw[(to * size)..]);
            return;
        }

        for (var i = 0; i < count; i++)
        {
            target.SetBytes(to + i, source.GetBytes(from + i));
        }
    }
}

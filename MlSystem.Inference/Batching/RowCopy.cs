using MlSystem.Inference.Prediction;
using MlSystem.Inference.Runtimes;
using MlSystem.Inference.Tensors;

namespace MlSystem.Inference.Batching;

/// <summary>Moves rows between the tensors of requests and those of a shared run.</summary>
internal static class RowCopy
{
    /// <summary>Whether two requests' rows have the same shape, so that they fit into one tensor.</summary>
    public static bool SameRows(TensorSet one, TensorSet other)
    {
        for (var i = 0; i < one.Inputs.Length; i++)
        {
            if (!one.Inputs[i].Shape.AsSpan(1).SequenceEqual(other.Inputs[i].Shape.AsSpan(1)))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether every input has that many rows.</summary>
    public static bool HaveRows(TensorSet tensors, int rows)
    {
        foreach (var input in tensors.Inputs)
        {
            if (input.Shape.Length == 0 || input.Shape[0] != rows)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>What is wrong with the number of rows of the outputs; null when nothing is.</summary>
    public static Fault? CheckOutputs(TensorSet tensors, int rows)
    {
        foreach (var output in tensors.Outputs)
        {
            if (output.Shape.Length == 0 || output.Shape[0] != rows)
            {
                return new Fault(FaultKind.ModelFailed, $"the model gave output '{output.Info.Name}' the shape {TensorShape.Text(output.Shape)} for {rows} rows");
            }
        }

        return null;
    }

    /// <summary>Fills the inputs of a shared run.</summary>
    public static void Gather(IReadOnlyList<RunPart> parts, int rows, TensorSet batch)
    {
        for (var i = 0; i < batch.Inputs.Length; i++)
        {
            var target = batch.Inputs[i];
            Resize(target, parts[0].Request.Tensors.Inputs[i], rows);
            target.IsPresent = true;
            var at = 0;
            foreach (var part in parts)
            {
                Copy(part.Request.Tensors.Inputs[i], part.From, target, at, part.Rows);
                at += part.Rows;
            }
        }
    }

    /// <summary>Hands a part's outputs over. The tensors of a request that comes in parts are shaped by its first.</summary>
    /// <returns>What is wrong: an output of another shape than the part before.</returns>
    public static Fault? Scatter(TensorSet batch, int at, in RunPart part)
    {
        for (var i = 0; i < batch.Outputs.Length; i++)
        {
            var (source, target) = (batch.Outputs[i], part.Request.Tensors.Outputs[i]);
            if (part.Request.Delivered == 0)
            {
                Resize(target, source, part.Request.Rows);
            }
            else if (!source.Shape.AsSpan(1).SequenceEqual(target.Shape.AsSpan(1)))
            {
                return new Fault(FaultKind.ModelFailed, $"the model gave rows of one request outputs '{source.Info.Name}' of different shapes: {TensorShape.Text(source.Shape)} and {TensorShape.Text(target.Shape)}");
            }

            Copy(source, at, target, part.From, part.Rows);
        }

        return null;
    }

    private static void Resize(Tensor target, Tensor like, int rows)
    {
        Span<long> shape = stackalloc long[TensorShape.MaxRank];
        like.Shape.CopyTo(shape);
        shape[0] = rows;
        target.Resize(shape[..like.Shape.Length], checked((int)(like.Count / like.Shape[0] * rows)));
    }

    private static void Copy(Tensor source, int from, Tensor target, int to, int rows)
    {
        var width = source.Count / (int)source.Shape[0];
        if (source.Info.Datatype == Datatype.Bytes)
        {
            for (var i = 0; i < rows * width; i++)
            {
                target.SetBytes((to * width) + i, source.GetBytes((from * width) + i));
            }

            return;
        }

        var bytes = width * source.Info.Datatype.Size();
        source.Raw.Slice(from * bytes, rows * bytes).CopyTo(target.Raw[(to * bytes)..]);
    }
}

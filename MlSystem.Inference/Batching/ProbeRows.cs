using MlSystem.Inference.Runtimes;
using MlSystem.Inference.Tensors;

namespace MlSystem.Inference.Batching;

/// <summary>Rows of a signature's shape that differ from each other, and the comparison of what a model gives for them.</summary>
internal static class ProbeRows
{
    /// <summary>Floats in [0, 1), whole numbers 0 and 1 (which also are indices and categories), empty strings; further dynamic dimensions are 1.</summary>
    public static void Fill(Tensor input, int rows)
    {
        var shape = Array.ConvertAll(input.Info.Shape, dimension => Math.Max(dimension, 1));
        shape[0] = rows;
        input.Resize(shape, checked((int)shape.Aggregate(1L, (product, dimension) => product * dimension)));
        input.IsPresent = true;
        var random = new Random(rows);
        for (var i = 0; i < input.Count; i++)
        {
            Set(input, i, random);
        }
    }

    /// <summary>Fills the inputs of a set with one row of another's.</summary>
    public static void TakeRow(TensorSet all, int row, TensorSet single)
    {
        for (var i = 0; i < all.Inputs.Length; i++)
        {
            var (source, target) = (all.Inputs[i], single.Inputs[i]);
            target.Resize([1, .. source.Shape.AsSpan(1)], source.Count / (int)source.Shape[0]);
            target.IsPresent = true;
            if (source.Info.Datatype == Datatype.Bytes)
            {
                for (var j = 0; j < target.Count; j++)
                {
                    target.SetBytes(j, source.GetBytes((row * target.Count) + j));
                }
            }
            else
            {
                source.Raw.Slice(row * target.Raw.Length, target.Raw.Length).CopyTo(target.Raw);
            }
        }
    }

    /// <summary>Whether a row has the same outputs in both; numbers up to a tolerance relative to max(1, |x|).</summary>
    public static bool SameOutputs(TensorSet all, int row, TensorSet single, double tolerance)
    {
        for (var i = 0; i < all.Outputs.Length; i++)
        {
            var (many, one) = (all.Outputs[i], single.Outputs[i]);
            if (!many.Shape.AsSpan(1).SequenceEqual(one.Shape.AsSpan(1)))
            {
                return false;
            }

            for (var j = 0; j < one.Count; j++)
            {
                if (!Same(many, (row * one.Count) + j, one, j, tolerance))
                {
                    return false;
                }
            }
        }

        return true;
    }

    private static void Set(Tensor input, int index, Random random)
    {
        switch (input.Info.Datatype)
        {
            case Datatype.Bytes:
                input.SetBytes(index, []);
                break;
            case Datatype.Fp16:
                input.Values<Half>()[index] = (Half)random.NextSingle();
                break;
            case Datatype.Fp32:
                input.Values<float>()[index] = random.NextSingle();
                break;
            case Datatype.Fp64:
                input.Values<double>()[index] = random.NextDouble();
                break;
            default:
                // Little-endian: the first byte is the number.
                var size = input.Info.Datatype.Size();
                input.Raw.Slice(index * size, size).Clear();
                input.Raw[index * size] = (byte)random.Next(2);
                break;
        }
    }

    private static bool Same(Tensor many, int at, Tensor one, int index, double tolerance)
    {
        switch (one.Info.Datatype)
        {
            case Datatype.Bytes:
                return many.GetBytes(at).SequenceEqual(one.GetBytes(index));
            case Datatype.Fp16:
                return Near((double)many.Values<Half>()[at], (double)one.Values<Half>()[index], tolerance);
            case Datatype.Fp32:
                return Near(many.Values<float>()[at], one.Values<float>()[index], tolerance);
            case Datatype.Fp64:
                return Near(many.Values<double>()[at], one.Values<double>()[index], tolerance);
            default:
                var size = one.Info.Datatype.Size();
                return many.Raw.Slice(at * size, size).SequenceEqual(one.Raw.Slice(index * size, size));
        }
    }

    private static bool Near(double a, double b, double tolerance) => a.Equals(b) || Math.Abs(a - b) <= tolerance * Math.Max(1, Math.Abs(a));
}

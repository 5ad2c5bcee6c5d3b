using System.Globalization;
using MlSystem.Inference.Tensors;

namespace MlSystem.Inference.Policies;

/// <summary>Sticky keys among a request's inputs. A number counts as its text, so that 42 as INT64, as FP64 and in a header are one key.</summary>
internal static class InputKeys
{
    public const int MaxNumberBytes = 40;

    /// <summary>Whether all elements, and so all rows, are the same.</summary>
    public static bool AreEqual(Tensor tensor)
    {
        if (tensor.Info.Datatype != Datatype.Bytes)
        {
            var size = tensor.Info.Datatype.Size();
            var raw = tensor.Raw;

            // Shifted by one element it equals itself exactly where every element equals the next.
            return raw[size..].SequenceEqual(raw[..^size]);
        }

        for (var i = 1; i < tensor.Count; i++)
        {
            if (!tensor.GetBytes(i).SequenceEqual(tensor.GetBytes(0)))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The first element; empty where it is missing.</summary>
    /// <param name="number">Room for a number's text, <see cref="MaxNumberBytes"/>.</param>
    public static ReadOnlySpan<byte> First(Tensor tensor, Span<byte> number)
    {
        var written = 0;
        switch (tensor.Info.Datatype)
        {
            case Datatype.Bytes:
                return tensor.GetBytes(0);
            case Datatype.Fp16 or Datatype.Fp32 or Datatype.Fp64:
                var value = NumericTensors.GetDouble(tensor, 0);
                if (!double.IsNaN(value))
                {
                    value.TryFormat(number, out written, "R", CultureInfo.InvariantCulture);
                }

                break;
            case Datatype.Uint64:
                tensor.Values<ulong>()[0].TryFormat(number, out written, default, CultureInfo.InvariantCulture);
                break;
            default:
                NumericTensors.GetInt64(tensor, 0).TryFormat(number, out written, default, CultureInfo.InvariantCulture);
                break;
        }

        return number[..written];
    }
}

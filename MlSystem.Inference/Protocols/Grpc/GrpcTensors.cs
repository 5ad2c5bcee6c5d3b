using Google.Protobuf;
using Google.Protobuf.Collections;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Tensors;

namespace MlSystem.Inference.Protocols.Grpc;

/// <summary>Moves elements between tensors and the typed <c>contents</c> of the messages.</summary>
internal static class GrpcTensors
{
    /// <summary>How many elements of a datatype the contents hold, in the one field where they belong.</summary>
    public static int Count(InferTensorContents contents, Datatype datatype, string name)
    {
        var (count, field) = datatype switch
        {
            Datatype.Bool => (contents.BoolContents.Count, "bool_contents"),
            Datatype.Int8 or Datatype.Int16 or Datatype.Int32 => (contents.IntContents.Count, "int_contents"),
            Datatype.Int64 => (contents.Int64Contents.Count, "int64_contents"),
            Datatype.Uint8 or Datatype.Uint16 or Datatype.Uint32 => (contents.UintContents.Count, "uint_contents"),
            Datatype.Uint64 => (contents.Uint64Contents.Count, "uint64_contents"),
            Datatype.Fp32 => (contents.Fp32Contents.Count, "fp32_contents"),
            Datatype.Fp64 => (contents.Fp64Contents.Count, "fp64_contents"),
            Datatype.Bytes => (contents.BytesContents.Count, "bytes_contents"),
            _ => throw InferenceException.Invalid($"input '{name}': FP16 has no typed contents, send raw_input_contents"),
        };
        var all = contents.BoolContents.Count + contents.IntContents.Count + contents.Int64Contents.Count + contents.UintContents.Count
            + contents.Uint64Contents.Count + contents.Fp32Contents.Count + contents.Fp64Contents.Count + contents.BytesContents.Count;
        return all == count ? count : throw InferenceException.Invalid($"input '{name}': {datatype.Name()} belongs into {field}, other contents are filled");
    }

    /// <summary>Fills a tensor that has as many elements as the contents.</summary>
    public static void Read(InferTensorContents contents, Tensor tensor)
    {
        switch (tensor.Info.Datatype)
        {
            case Datatype.Bool: contents.BoolContents.ToArray().CopyTo(tensor.Values<bool>()); break;
            case Datatype.Int8 or Datatype.Int16 or Datatype.Int32: ReadEach(contents.IntContents, tensor); break;
            case Datatype.Uint8 or Datatype.Uint16 or Datatype.Uint32: ReadEach(contents.UintContents, tensor); break;
            case Datatype.Int64: Copy(contents.Int64Contents, tensor.Values<long>()); break;
            case Datatype.Uint64: Copy(contents.Uint64Contents, tensor.Values<ulong>()); break;
            case Datatype.Fp32: Copy(contents.Fp32Contents, tensor.Values<float>()); break;
            case Datatype.Fp64: Copy(contents.Fp64Contents, tensor.Values<double>()); break;
            case Datatype.Bytes:
                for (var i = 0; i < tensor.Count; i++)
                {
                    tensor.SetBytes(i, contents.BytesContents[i].Span);
                }

                break;
        }
    }

    /// <summary>The elements as typed contents.</summary>
    public static InferTensorContents Write(Tensor tensor)
    {
        var contents = new InferTensorContents();
        switch (tensor.Info.Datatype)
        {
            case Datatype.Bool: contents.BoolContents.AddRange(tensor.Values<bool>().ToArray()); break;
            case Datatype.Int8 or Datatype.Int16 or Datatype.Int32: Add(contents.IntContents, tensor, static (t, i) => (int)NumericTensors.GetInt64(t, i)); break;
            case Datatype.Uint8 or Datatype.Uint16 or Datatype.Uint32: Add(contents.UintContents, tensor, static (t, i) => (uint)NumericTensors.GetInt64(t, i)); break;
            case Datatype.Int64: contents.Int64Contents.AddRange(tensor.Values<long>().ToArray()); break;
            case Datatype.Uint64: contents.Uint64Contents.AddRange(tensor.Values<ulong>().ToArray()); break;
            case Datatype.Fp32: contents.Fp32Contents.AddRange(tensor.Values<float>().ToArray()); break;
            case Datatype.Fp64: contents.Fp64Contents.AddRange(tensor.Values<double>().ToArray()); break;
            case Datatype.Bytes: Add(contents.BytesContents, tensor, static (t, i) => ByteString.CopyFrom(t.GetBytes(i))); break;
            default: throw new ArgumentException($"{tensor.Info.Datatype.Name()} has no typed contents", nameof(tensor));
        }

        return contents;
    }

    private static void ReadEach<T>(RepeatedField<T> values, Tensor tensor)
        where T : struct, System.Numerics.INumber<T>
    {
        for (var i = 0; i < tensor.Count; i++)
        {
            NumericTensors.Set(tensor, i, values[i]);
        }
    }

    private static void Copy<T>(RepeatedField<T> values, Span<T> target)
    {
        for (var i = 0; i < target.Length; i++)
        {
            target[i] = values[i];
        }
    }

    private static void Add<T>(RepeatedField<T> target, Tensor tensor, Func<Tensor, int, T> read)
    {
        for (var i = 0; i < tensor.Count; i++)
        {
            target.Add(read(tensor, i));
        }
    }
}

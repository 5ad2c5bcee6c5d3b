using System.Text;
using System.Text.Json;
using MlSystem.Inference.Protocols.Grpc.First;

namespace MlSystem.Inference.Tensors;

/// <summary>One input, output or join key of a loaded version, with what the hot path needs precomputed.</summary>
public sealed class TensorInfo
{
    public TensorInfo(string name, Datatype datatype, IReadOnlyList<long> shape, bool nullable)
    {
        Name = name;
        Utf8Name = Encoding.UTF8.GetBytes(name);
        JsonName = JsonEncodedText.Encode(name);
        Datatype = datatype;
        Utf8Datatype = Encoding.UTF8.GetBytes(datatype.Name());
        JsonDatatype = JsonEncodedText.Encode(datatype.Name());
        JsonHead = Encoding.UTF8.GetBytes($"{{\"name\":\"{JsonName}\",\"datatype\":\"{JsonDatatype}\",\"shape\":");
        GrpcHead = ProtoWriter.Fields((1, Utf8Name), (2, Utf8Datatype));
        Shape = [.. shape];
        Nullable = nullable;
    }

    public string Name { get; }

    public byte[] Utf8Name { get; }

    public JsonEncodedText JsonName { get; }

    public Datatype Datatype { get; }

    public byte[] Utf8Datatype { get; }

    public JsonEncodedText JsonDatatype { get; }

    /// <summary>An output's JSON object up to its shape.</summary>
    public byte[] JsonHead { get; }

    /// <summary>Name and datatype as the first fields of an output's protobuf message.</summary>
    public byte[] GrpcHead { get; }

    /// <summary>Dimensions, -1 for a dynamic one.</summary>
    public long[] Shape { get; }

    /// <summary>Whether a missing value is accepted.</summary>
    public bool Nullable { get; }

    /// <summary>Whether the first dimension is dynamic, so that it counts rows.</summary>
    public bool HasRows => Shape.Length > 0 && Shape[0] == -1;

    /// <summary>A column: one value a row, as <c>[-1]</c> or <c>[-1, 1]</c>.</summary>
    public bool IsColumn => HasRows && (Shape.Length == 1 || (Shape.Length == 2 && Shape[1] == 1));

    /// <summary>Turns a request's shape into the model's, adding or dropping a column's trailing 1.</summary>
    /// <returns>False when the shape doesn't fit the model.</returns>
    public bool TryFit(ReadOnlySpan<long> requested, Span<long> fitted)
    {
        if (IsColumn && (requested.Length == 1 || (requested.Length == 2 && requested[1] == 1)))
        {
            fitted[0] = requested[0];
            fitted[1..Shape.Length].Fill(1);
            return true;
        }

        if (requested.Length != Shape.Length)
        {
            return false;
        }

        for (var i = 0; i < Shape.Length; i++)
        {
            if (Shape[i] >= 0 && Shape[i] != requested[i])
            {
                return false;
            }
        }

        requested.CopyTo(fitted);
        return true;
    }
}

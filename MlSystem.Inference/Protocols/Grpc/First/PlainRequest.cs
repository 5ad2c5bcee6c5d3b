using System.Text;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Protocols.Rest;
using MlSystem.Inference.Tensors;

namespace MlSystem.Inference.Protocols.Grpc.First;

/// <summary>
/// A <c>ModelInferRequest</c> in the form that clients send for speed: every input raw, no parameters, all outputs wanted. It is read in
/// place, straight into the call's tensors; any other request is left to <see cref="GrpcRequestReader"/>.
/// </summary>
internal readonly ref struct PlainRequest
{
    private const int ModelName = 1;
    private const int ModelVersion = 2;
    private const int Id = 3;
    private const int Input = 5;
    private const int RawContents = 7;
    private readonly ReadOnlySpan<byte> _model;
    private readonly ReadOnlySpan<byte> _version;

    private PlainRequest(ReadOnlySpan<byte> model, ReadOnlySpan<byte> version)
    {
        _model = model;
        _version = version;
    }

    public string Model => Encoding.ASCII.GetString(_model);

    public string Version => _version.IsEmpty ? "" : Encoding.ASCII.GetString(_version);

    /// <summary>False for a message that has another form or is broken; nothing has been done then.</summary>
    public static bool TryScan(ReadOnlySpan<byte> message, out PlainRequest request)
    {
        ReadOnlySpan<byte> model = default, version = default, id = default;
        var inputs = 0;
        var raws = 0;
        var reader = new ProtoReader(message);
        var plain = true;
        while (plain && reader.MoveNext())
        {
            plain = reader.WireType == ProtoReader.Bytes;
            switch (reader.Field)
            {
                case ModelName: model = reader.Content; break;
                case ModelVersion: version = reader.Content; break;
                case Id: id = reader.Content; break;
                case Input: plain &= IsPlainInput(reader.Content); inputs++; break;
                case RawContents: raws++; break;
                default: plain = false; break;
            }
        }

        request = new PlainRequest(model, version);
        return plain && !reader.IsBroken && inputs > 0 && inputs == raws && Ascii.IsValid(model) && Ascii.IsValid(version) && Ascii.IsValid(id);
    }

    /// <summary>Fills the call's inputs from a message that <see cref="TryScan"/> found plain.</summary>
    /// <exception cref="InferenceException">What is wrong, in the words of <see cref="GrpcRequestReader"/>.</exception>
    public static void Read(ReadOnlySpan<byte> message, InferenceCall call)
    {
        call.ClientId = null;
        var fields = new ProtoReader(message);
        var raws = new ProtoReader(message);
        var next = 0;
        while (fields.MoveNext())
        {
            if (fields.Field == Id)
            {
                call.ClientId = fields.Content.IsEmpty ? null : Encoding.ASCII.GetString(fields.Content);
            }
            else if (fields.Field == Input && MoveTo(ref raws, RawContents))
            {
                ReadInput(fields.Content, raws.Content, call, ref next);
            }
        }
    }

    private static void ReadInput(ReadOnlySpan<byte> message, ReadOnlySpan<byte> raw, InferenceCall call, ref int next)
    {
        ReadOnlySpan<byte> name = default, datatype = default;
        var shape = default(ShapeBuffer);
        var rank = 0;
        var reader = new ProtoReader(message);
        while (reader.MoveNext())
        {
            switch (reader.Field)
            {
                case 1: name = reader.Content; break;
                case 2: datatype = reader.Content; break;
                default: ReadShape(ref reader, shape, ref rank); break;
            }
        }

        var tensor = Find(name, call, ref next);
        var info = tensor.Info;
        if (tensor.IsPresent)
        {
            throw InferenceException.Invalid($"input '{info.Name}' is given twice");
        }

        if (!datatype.SequenceEqual(info.Utf8Datatype))
        {
            throw InferenceException.Invalid($"input '{info.Name}' is {info.Datatype.Name()}, the request has datatype '{Encoding.UTF8.GetString(datatype)}'");
        }

        TensorShape.Apply(tensor, ((ReadOnlySpan<long>)shape)[..rank], BinaryTensors.Capacity(info.Datatype, raw.Length));
        BinaryTensors.Read(tensor, raw);
    }

    /// <summary>Clients send inputs in the model's order, so the next one is tried before all others.</summary>
    private static Tensor Find(ReadOnlySpan<byte> name, InferenceCall call, ref int next)
    {
        var inputs = call.Tensors.Inputs;
        return next < inputs.Length && name.SequenceEqual(inputs[next].Info.Utf8Name) ? inputs[next++] : CallInputs.Find(call, Encoding.UTF8.GetString(name));
    }

    private static void ReadShape(ref ProtoReader field, scoped Span<long> shape, ref int rank)
    {
        if (field.WireType == ProtoReader.Varint)
        {
            shape[rank++] = (long)field.Value;
            return;
        }

        var packed = new ProtoReader(field.Content);
        while (!packed.AtEnd && packed.TryVarint(out var dimension))
        {
            shape[rank++] = (long)dimension;
        }
    }

    /// <summary>Name, datatype and shape and nothing else, all of them readable and the shape of a rank that there is room for.</summary>
    private static bool IsPlainInput(ReadOnlySpan<byte> message)
    {
        var dimensions = 0;
        var reader = new ProtoReader(message);
        while (reader.MoveNext())
        {
            var plain = reader.Field switch
            {
                1 or 2 => reader.WireType == ProtoReader.Bytes && Ascii.IsValid(reader.Content),
                3 => reader.WireType == ProtoReader.Varint ? ++dimensions > 0 : CountPacked(reader.Content, ref dimensions),
                _ => false,
            };
            if (!plain)
            {
                return false;
            }
        }

        return !reader.IsBroken && dimensions <= TensorShape.MaxRank;
    }

    private static bool CountPacked(ReadOnlySpan<byte> content, ref int dimensions)
    {
        var packed = new ProtoReader(content);
        while (!packed.AtEnd)
        {
            if (!packed.TryVarint(out _))
            {
                return false;
            }

            dimensions++;
        }

        return true;
    }

    private static bool MoveTo(ref ProtoReader reader, int field)
    {
        while (reader.MoveNext())
        {
            if (reader.Field == field)
            {
                return true;
            }
        }

        return false;
    }
}

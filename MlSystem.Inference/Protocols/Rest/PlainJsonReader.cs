using System.Text;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Tensors;

namespace MlSystem.Inference.Protocols.Rest;

/// <summary>
/// Reads a request in the form that clients usually send: an id and inputs, each with name, shape and datatype before its data, plain
/// strings, numbers of few digits. Whatever differs, mistakes before all, is left to <see cref="InferRequestReader"/>, which then reads
/// the whole again: it alone decides what is accepted and says what is wrong, and for what this reader accepts it gives the same tensors.
/// </summary>
internal static class PlainJsonReader
{
    /// <returns>False when the request has another form; the call is then as it was before.</returns>
    public static bool TryRead(ReadOnlySpan<byte> body, InferenceCall call)
    {
        var json = new JsonText(body);
        if (TryRequest(ref json, body.Length, call) && json.AtEnd)
        {
            return true;
        }

        call.ClientId = null;
        call.Tensors.Reset();
        return false;
    }

    private static bool TryRequest(ref JsonText json, int bodyLength, InferenceCall call)
    {
        if (!json.Take('{'))
        {
            return false;
        }

        var inputs = false;
        do
        {
            if (!json.TryName(out var name))
            {
                return false;
            }

            if (name.SequenceEqual("inputs"u8) && !inputs)
            {
                inputs = true;
                if (!TryInputs(ref json, bodyLength, call))
                {
                    return false;
                }
            }
            else if (name.SequenceEqual("id"u8) && call.ClientId is null && json.TryString(out var id))
            {
                call.ClientId = Encoding.ASCII.GetString(id);
            }
            else
            {
                return false;
            }
        }
        while (json.Take(','));

        return inputs && json.Take('}');
    }

    private static bool TryInputs(ref JsonText json, int bodyLength, InferenceCall call)
    {
        if (!json.Take('['))
        {
            return false;
        }

        var next = 0;
        do
        {
            if (!TryInput(ref json, bodyLength, call, ref next))
            {
                return false;
            }
        }
        while (json.Take(','));

        return json.Take(']');
    }

    private static bool TryInput(ref JsonText json, int bodyLength, InferenceCall call, ref int next)
    {
        if (!json.Take('{'))
        {
            return false;
        }

        Tensor? target = null;
        ReadOnlySpan<byte> datatype = default;
        var shape = default(ShapeBuffer);
        var rank = -1;
        var data = false;
        do
        {
            if (data || !json.TryName(out var field))
            {
                return false;
            }

            if (field.SequenceEqual("name"u8) && target is null && json.TryString(out var name))
            {
                target = Find(call, name, ref next);
            }
            else if (field.SequenceEqual("shape"u8) && rank < 0)
            {
                rank = ReadShape(ref json, shape);
            }
            else if (field.SequenceEqual("datatype"u8) && datatype.IsEmpty && json.TryString(out var text))
            {
                datatype = text;
            }
            else if (field.SequenceEqual("data"u8) && target is { IsPresent: false } && rank >= 0 && datatype.SequenceEqual(target.Info.Utf8Datatype)
                && TensorShape.TryApply(target, ((ReadOnlySpan<long>)shape)[..rank], bodyLength))
            {
                data = PlainJsonData.TryRead(ref json, target, ((ReadOnlySpan<long>)shape)[..rank]);
            }
            else
            {
                return false;
            }
        }
        while (json.Take(','));

        return data && json.Take('}');
    }

    /// <summary>Clients send inputs in the model's order, so the next one is tried before all others.</summary>
    private static Tensor? Find(InferenceCall call, ReadOnlySpan<byte> name, ref int next)
    {
        var inputs = call.Tensors.Inputs;
        for (var i = 0; i < inputs.Length; i++)
        {
            var index = (next + i) % inputs.Length;
            if (name.SequenceEqual(inputs[index].Info.Utf8Name))
            {
                next = index + 1;
                return inputs[index];
            }
        }

        foreach (var key in call.Tensors.JoinKeys)
        {
            if (name.SequenceEqual(key.Info.Utf8Name))
            {
                return key;
            }
        }

        return null;
    }

    /// <returns>The rank, or -1.</returns>
    private static int ReadShape(ref JsonText json, scoped Span<long> shape)
    {
        var rank = 0;
        if (!json.Take('['))
        {
            return -1;
        }

        do
        {
            json.Peek();
            if (rank == TensorShape.MaxRank || json.Rest.IsEmpty || !PlainNumber.TryWhole(json.Rest, out shape[rank], out var length))
            {
                return -1;
            }

            json.Skip(length);
            rank++;
        }
        while (json.Take(','));

        return json.Take(']') ? rank : -1;
    }
}

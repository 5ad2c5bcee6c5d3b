using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Tensors;

namespace MlSystem.Inference.Protocols.Rest;

/// <summary>What was read of one input of a request so far; its fields come in any order.</summary>
internal ref struct InputFields
{
    public Tensor? Target;
    public ReadOnlySpan<byte> Datatype;
    public ShapeBuffer Dimensions;
    public int Rank;
    public bool IsShape;
    public bool IsData;
    public bool IsDeferred;
    public int? BinarySize;
    public Utf8JsonReader Deferred;

    /// <summary>Whether name, datatype and shape are known, so that data can go straight into the tensor.</summary>
    public readonly bool IsDescribed => Target is not null && IsShape && !Datatype.IsEmpty;

    [UnscopedRef]
    public ReadOnlySpan<long> Shape => ((ReadOnlySpan<long>)Dimensions)[..Rank];

    /// <summary>Checks the description against the model's input and makes room for the elements.</summary>
    /// <param name="available">Bytes that the data can have at most: bounds what is allocated for a claimed shape.</param>
    /// <exception cref="InferenceException">The input was given before, or has another datatype or shape.</exception>
    public void Prepare(long available)
    {
        var target = Target!;
        if (target.IsPresent)
        {
            throw InferenceException.Invalid($"input '{target.Info.Name}' is given twice");
        }

        if (!Datatype.SequenceEqual(target.Info.Utf8Datatype))
        {
            var text = Encoding.UTF8.GetString(Datatype);
            throw InferenceException.Invalid($"input '{target.Info.Name}' is {target.Info.Datatype.Name()}, the request has datatype '{text}'{(Datatypes.TryParse(text, out _) ? "" : $" (datatypes are {string.Join(' ', Datatypes.All)})")}");
        }

        TensorShape.Apply(target, Shape, available);
    }
}

/// <summary>Room for a shape without an allocation.</summary>
[InlineArray(TensorShape.MaxRank)]
internal struct ShapeBuffer
{
    private long _first;
}

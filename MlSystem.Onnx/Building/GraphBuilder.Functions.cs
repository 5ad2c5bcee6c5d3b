namespace MlSystem.Onnx;

public sealed partial class GraphBuilder
{
    /// <summary>ONNX Runtime's own operators: other runtimes may lack them.</summary>
    public const string MicrosoftDomain = "com.microsoft";

    /// <summary>e to the power of each element.</summary>
    public OnnxValue Exp(OnnxValue x)
    {
        var node = Node("Exp", [x]);
        return node.Require(x.Type.Element.IsFloating(), "a floating element type", x.Type.Element).Emit(x.Type);
    }

    /// <summary>Natural logarithm of each element.</summary>
    public OnnxValue Log(OnnxValue x)
    {
        var node = Node("Log", [x]);
        return node.Require(x.Type.Element.IsFloating(), "a floating element type", x.Type.Element).Emit(x.Type);
    }

    /// <summary>Remainder of whole numbers, with the divisor's sign; with broadcasting.</summary>
    public OnnxValue Mod(OnnxValue a, OnnxValue b)
    {
        ArgumentNullException.ThrowIfNull(b);
        return Arithmetic("Mod", a, b);
    }

    /// <summary>MurmurHash3 (x86, 32 bit, seed 0) of each text's UTF-8 bytes, as UInt32.</summary>
    public OnnxValue MurmurHash3(OnnxValue x)
    {
        ArgumentNullException.ThrowIfNull(x);
        return Node("MurmurHash3", [x], MicrosoftDomain).RequireElement(0, ElementType.String).Attribute("positive", 1)
            .Emit(x.Type.With(ElementType.UInt32));
    }
}

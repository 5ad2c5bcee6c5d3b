namespace MlSystem.Onnx;

public sealed partial class GraphBuilder
{
    public OnnxValue Identity(OnnxValue x) => Node("Identity", [x]).Emit(x.Type);

    /// <summary>Converts the elements; floating to integer truncates, a number to bool is "not zero".</summary>
    public OnnxValue Cast(OnnxValue x, ElementType to)
    {
        var node = Node("Cast", [x]);
        node.Require(to != ElementType.Undefined, "a target type", to);
        return node.Attribute("to", (long)to).Emit(x.Type.With(to));
    }

    public OnnxValue Add(OnnxValue a, OnnxValue b) => Arithmetic("Add", a, b);

    public OnnxValue Sub(OnnxValue a, OnnxValue b) => Arithmetic("Sub", a, b);

    public OnnxValue Mul(OnnxValue a, OnnxValue b) => Arithmetic("Mul", a, b);

    public OnnxValue Div(OnnxValue a, OnnxValue b) => Arithmetic("Div", a, b);

    public OnnxValue Sigmoid(OnnxValue x)
    {
        var node = Node("Sigmoid", [x]);
        return node.Require(x.Type.Element.IsFloating(), "a floating element type", x.Type.Element).Emit(x.Type);
    }

    public OnnxValue Relu(OnnxValue x)
    {
        var node = Node("Relu", [x]);
        return node.Require(x.Type.Element.IsFloating(), "a floating element type", x.Type.Element).Emit(x.Type);
    }

    public OnnxValue Softmax(OnnxValue x, long axis = -1)
    {
        var node = Node("Softmax", [x]);
        node.Require(x.Type.Element.IsFloating(), "a floating element type", x.Type.Element).Axis(axis, x.Type.Rank);
        return node.Attribute("axis", axis).Emit(x.Type);
    }

    /// <summary>True where an element is not a number; Float or Double.</summary>
    public OnnxValue IsNaN(OnnxValue x) =>
        Node("IsNaN", [x]).RequireElement(0, ElementType.Float, ElementType.Double).Emit(x.Type.With(ElementType.Bool));

    /// <summary>Limits the elements to [low, high]; NaN stays NaN.</summary>
    public OnnxValue Clip(OnnxValue x, OnnxValue low, OnnxValue high)
    {
        var node = Node("Clip", [x, low, high]);
        node.Require(x.Type.Element.IsNumeric(), "a numeric element type", x.Type.Element);
        return node.RequireSameElements().RequireRank(1, 0).RequireRank(2, 0).Emit(x.Type);
    }

    public OnnxValue Not(OnnxValue x) => Node("Not", [x]).RequireElement(0, ElementType.Bool).Emit(x.Type);

    /// <summary>Equality with broadcasting.</summary>
    /// <remarks>Strings can be compared from opset 19 only: encode them first.</remarks>
    public OnnxValue Equal(OnnxValue a, OnnxValue b)
    {
        var node = Node("Equal", [a, b]);
        node.Require(a.Type.Element != ElementType.String, "numbers or booleans", a.Type.Element);
        return node.RequireSameElements().Emit(Broadcast(node, a, b).With(ElementType.Bool));
    }

    public OnnxValue Less(OnnxValue a, OnnxValue b) => Arithmetic("Less", a, b, ElementType.Bool);

    /// <summary>Elements of <paramref name="yes"/> where the condition holds, else of <paramref name="no"/>; with broadcasting.</summary>
    public OnnxValue Where(OnnxValue condition, OnnxValue yes, OnnxValue no)
    {
        var node = Node("Where", [condition, yes, no]);
        node.RequireElement(0, ElementType.Bool)
            .Require(yes.Type.Element == no.Type.Element, $"equal element types of both branches ({yes.Type.Element})", no.Type.Element);
        var branches = Broadcast(node, yes, no);
        var shape = Shapes.Broadcast(branches.Shape, condition.Type.Shape)
            ?? throw node.Error($"shapes {branches} and {condition.Type} can't be broadcast");
        return node.Emit(new TensorType(yes.Type.Element, shape));
    }

    private OnnxValue Arithmetic(string op, OnnxValue a, OnnxValue b, ElementType? result = null)
    {
        var node = Node(op, [a, b]);
        node.RequireSameElements().Require(a.Type.Element.IsNumeric(), "a numeric element type", a.Type.Element);
        var type = Broadcast(node, a, b);
        return node.Emit(result is { } element ? type.With(element) : type);
    }

    private static TensorType Broadcast(NodeBuilder node, OnnxValue a, OnnxValue b) =>
        Shapes.Broadcast(a.Type.Shape, b.Type.Shape) is { } shape
            ? new TensorType(a.Type.Element, shape)
            : throw node.Error($"shapes {a.Type} and {b.Type} can't be broadcast");
}

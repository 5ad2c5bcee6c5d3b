namespace MlSystem.Onnx;

/// <summary>One dimension: a size, or a name for a size that is known only when the model runs.</summary>
public readonly record struct Dimension
{
    private Dimension(long? size, string? symbol) => (Size, Symbol) = (size, symbol);

    /// <summary>At least 0; null for a symbolic dimension.</summary>
    public long? Size { get; }

    /// <summary>Two dimensions of the same symbol are equal; null for a fixed one.</summary>
    public string? Symbol { get; }

    /// <summary>The batch dimension, <c>N</c>.</summary>
    public static Dimension Batch { get; } = Named("N");

    public static Dimension Named(string symbol)
    {
        ArgumentException.ThrowIfNullOrEmpty(symbol);
        return new(null, symbol);
    }

    public static implicit operator Dimension(long size) => FromInt64(size);

    public static Dimension FromInt64(long size)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        return new(size, null);
    }

    public override string ToString() => Symbol ?? $"{Size}";
}

/// <summary>Element type and shape of a tensor.</summary>
public sealed class TensorType : IEquatable<TensorType>
{
    public TensorType(ElementType element, params IReadOnlyList<Dimension> shape)
    {
        Element = element;
        Shape = shape;
    }

    public ElementType Element { get; }

    /// <summary>Outermost first; empty for a scalar.</summary>
    public IReadOnlyList<Dimension> Shape { get; }

    public int Rank => Shape.Count;

    public TensorType With(ElementType element) => new(element, Shape);

    public bool Equals(TensorType? other) =>
        other is not null && Element == other.Element && Shape.SequenceEqual(other.Shape);

    public override bool Equals(object? obj) => Equals(obj as TensorType);

    public override int GetHashCode() => HashCode.Combine(Element, Rank);

    /// <summary>For messages: <c>Float[N, 3]</c>.</summary>
    public override string ToString() => $"{Element}[{string.Join(", ", Shape)}]";
}

/// <summary>A value of a graph under construction; belongs to the builder that made it.</summary>
public sealed class OnnxValue
{
    internal OnnxValue(GraphBuilder owner, string name, TensorType type)
    {
        Owner = owner;
        Name = name;
        Type = type;
    }

    public string Name { get; }

    public TensorType Type { get; }

    internal GraphBuilder Owner { get; }

    public override string ToString() => $"{Name}: {Type}";
}

/// <summary>A graph is not valid: the message names the node, what was expected and what was given.</summary>
public sealed class OnnxGraphException(string message) : Exception(message);

using MlSystem.Contracts;

namespace MlSystem.Graphs.Planning;

/// <summary>Whether a tensor of one description can go where another is expected.</summary>
internal static class TensorFit
{
    /// <summary>In words, or null when it fits.</summary>
    public static string? Problem(TensorSpec wanted, TensorSpec given) =>
        wanted.Datatype != given.Datatype ? $"takes {wanted.Datatype}, but '{given.Name}' is {given.Datatype}"
        : !ShapeFits(wanted.Shape, given.Shape) ? $"takes the shape {Text(wanted.Shape)}, but '{given.Name}' has {Text(given.Shape)}"
        : given.Nullable && !wanted.Nullable ? $"accepts no missing value, but '{given.Name}' may have one"
        : null;

    /// <summary>Whether every shape of <paramref name="given"/> is one of <paramref name="wanted"/>; a column is [-1] or [-1, 1].</summary>
    public static bool ShapeFits(IReadOnlyList<long> wanted, IReadOnlyList<long> given) =>
        (IsColumn(wanted) && IsColumn(given))
        || (wanted.Count == given.Count && wanted.Zip(given).All(pair => pair.First < 0 || pair.First == pair.Second));

    /// <summary>Whether rows of both have equally many elements, known or not.</summary>
    public static bool SameRows(IReadOnlyList<long> a, IReadOnlyList<long> b) => (IsColumn(a) && IsColumn(b)) || a.SequenceEqual(b);

    public static bool HasRows(TensorSpec tensor) => tensor.Shape.Count > 0 && tensor.Shape[0] < 0;

    public static bool IsColumn(IReadOnlyList<long> shape) => shape is [< 0] or [< 0, 1];

    public static string Text(IReadOnlyList<long> shape) => $"[{string.Join(", ", shape)}]";
}

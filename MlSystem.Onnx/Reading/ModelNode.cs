namespace MlSystem.Onnx;

/// <summary>A model that a node of a graph holds.</summary>
/// <param name="Node">The node's name; may be empty in models of other producers.</param>
/// <param name="Input">Name of the value with the features, [N, F].</param>
/// <param name="Output">Name of the value with the scores.</param>
public sealed record ModelNode<T>(string Node, string Input, string Output, T Model)
{
    /// <summary>
    /// A classifier of two classes whose leaves or coefficients speak of one class only: <see cref="Output"/> has two columns, and the
    /// model's one score belongs to the second.
    /// </summary>
    public bool IsSingleScore { get; init; }
}

namespace MlSystem.Onnx;

/// <summary>A model that a node of a graph holds.</summary>
/// <param name="Node">The node's name; may be empty in models of other producers.</param>
/// <param name="Input">Name of the value with the features, [N, F].</param>
/// <param name="Output">Name of the value with the scores.</param>
public sealed record ModelNode<T>(string Node, string Input, string Output, T Model)
{
    /// <summary>
    /// A classifier of two classes whose leaves all add to output 0, or that has one row of coefficients: ONNX Runtime takes the sum for
    /// the second class' score and makes the first's of it. (Where all leaves add to output 1, the first class' score is 0.)
    /// </summary>
    public bool IsSingleScore { get; init; }
}

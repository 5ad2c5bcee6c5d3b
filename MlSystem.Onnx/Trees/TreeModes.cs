namespace MlSystem.Onnx;

/// <summary>The names that ONNX gives to branch modes and post-transformations.</summary>
internal static class TreeModes
{
    private const string Leaf = "LEAF";

    private static readonly (BranchMode Mode, string Name)[] Branches =
    [
        (BranchMode.LessOrEqual, "BRANCH_LEQ"),
        (BranchMode.Less, "BRANCH_LT"),
        (BranchMode.GreaterOrEqual, "BRANCH_GTE"),
        (BranchMode.Greater, "BRANCH_GT"),
        (BranchMode.Equal, "BRANCH_EQ"),
        (BranchMode.NotEqual, "BRANCH_NEQ"),
    ];

    public static string Name(TreeNode node) =>
        node.Leaf is not null ? Leaf : Array.Find(Branches, b => b.Mode == node.Mode).Name;

    /// <summary>Null for a leaf.</summary>
    public static BranchMode? Parse(string name)
    {
        if (name == Leaf)
        {
            return null;
        }

        var index = Array.FindIndex(Branches, b => b.Name == name);
        return index >= 0 ? Branches[index].Mode : throw new OnnxGraphException($"'{name}' is no mode of a tree's node.");
    }

    public static string Name(PostTransform transform) => transform switch
    {
        PostTransform.None => "NONE",
        PostTransform.Logistic => "LOGISTIC",
        PostTransform.Softmax => "SOFTMAX",
        PostTransform.SoftmaxZero => "SOFTMAX_ZERO",
        _ => "PROBIT",
    };

    public static PostTransform ParseTransform(string name) => name switch
    {
        "" or "NONE" => PostTransform.None,
        "LOGISTIC" => PostTransform.Logistic,
        "SOFTMAX" => PostTransform.Softmax,
        "SOFTMAX_ZERO" => PostTransform.SoftmaxZero,
        "PROBIT" => PostTransform.Probit,
        _ => throw new OnnxGraphException($"'{name}' is no post-transformation; NONE, LOGISTIC, SOFTMAX, SOFTMAX_ZERO and PROBIT are."),
    };
}

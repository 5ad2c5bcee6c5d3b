namespace MlSystem.Onnx.Tests.Building;

public sealed class GraphCheckTests
{
    public static TheoryData<string, string> Mistakes => new()
    {
        { "add types", "Add 'add_0' in graph 'g': expected equal element types (Float), got Int64" },
        { "add shapes", "Float[N, 3] and Float[2] can't be broadcast" },
        { "add strings", "expected a numeric element type, got String" },
        { "matmul", "expected 3 rows in 'constant_0', got 2" },
        { "gemm c", "expected a c that broadcasts to [N, 2], got Float[3]" },
        { "concat rank", "expected rank 2, got rank 1" },
        { "concat dim", "expected dimension 0 to be N" },
        { "concat none", "expected at least one value, got none" },
        { "concat axis", "expected an axis from -2 to 1, got 2" },
        { "reshape", "expected a shape that holds the elements of Float[N, 3]" },
        { "squeeze", "expected dimension 1 to be 1, got 3" },
        { "gather", "expected element type Int64 or Int32 for input 1, got Float" },
        { "where", "expected element type Bool for input 0, got Float" },
        { "where branches", "expected equal element types of both branches (Float), got Int64" },
        { "not", "expected element type Bool for input 0, got Float" },
        { "isnan", "expected element type Float or Double for input 0, got Int64" },
        { "relu", "expected a floating element type, got Int64" },
        { "sigmoid", "expected a floating element type, got Int64" },
        { "topk", "expected a k from 1 to 3, got 4" },
        { "equal strings", "expected numbers or booleans, got String" },
        { "onehot", "expected element type String for input 0, got Float" },
        { "onehot twice", "expected at least one category and no duplicates" },
        { "labels", "expected 2 values, at least one, got 1" },
        { "labels twice", "expected distinct keys, got 1 distinct of 2" },
        { "imputer", "expected 3 values, got 2" },
        { "scaler", "expected 3 scales, got 1" },
        { "extract", "expected positions below 3" },
        { "linear", "expected 3 coefficients for each output, got 2" },
        { "constant", "Constant of shape [2, 2] needs 4 elements, got 3" },
        { "other graph", "belongs to another graph" },
        { "name", "The name 'x' of input 'x' is already taken in graph 'g'" },
        { "tree feature", "tree 0 is not sound: branch 0 tests feature 3" },
        { "tree loop", "tree 0 is not sound: node 0 does not exist or is reached twice" },
        { "tree output", "leaf 0 has a weight that is not finite or for an output outside 0..0" },
        { "tree orphan", "node 1 can't be reached" },
        { "base values", "expected no or 1 base values, got 2" },
        { "no outputs", "Graph 'g' has no outputs" },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void A_mistake_is_reported_where_it_is_made(string mistake, string message)
    {
        var graph = new GraphBuilder("g");
        var x = graph.Input("x", new TensorType(ElementType.Float, Dimension.Batch, 3));
        var i = graph.Input("i", new TensorType(ElementType.Int64, Dimension.Batch, 3));
        var s = graph.Input("s", new TensorType(ElementType.String, Dimension.Batch, 3));
        var error = Assert.Throws<OnnxGraphException>(() => Make(mistake, graph, x, i, s));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    private static void Make(string mistake, GraphBuilder g, OnnxValue x, OnnxValue i, OnnxValue s) => _ = mistake switch
    {
        "add types" => g.Add(x, i),
        "add shapes" => g.Add(x, g.Constant<float>([1, 2])),
        "add strings" => g.Add(s, s),
        "matmul" => g.MatMul(x, g.Constant<float>([1, 2], 2, 1)),
        "gemm c" => g.Gemm(x, g.Constant<float>([1, 2, 3, 4, 5, 6], 3, 2), g.Constant<float>([1, 2, 3])),
        "concat rank" => g.Concat([x, g.Constant<float>([1])], 0),
        "concat dim" => g.Concat([x, g.Constant<float>([1, 2, 3], 1, 3)], 1),
        "concat none" => g.Concat([], 0),
        "concat axis" => g.Concat([x, x], 2),
        "reshape" => g.Reshape(x, 3),
        "squeeze" => g.Squeeze(x, 1),
        "gather" => g.Gather(x, x),
        "where" => g.Where(x, x, x),
        "where branches" => g.Where(g.IsNaN(x), x, i),
        "not" => g.Not(x),
        "isnan" => g.IsNaN(i),
        "relu" => g.Relu(i),
        "sigmoid" => g.Sigmoid(i),
        "topk" => g.TopK(x, 4).Values,
        "equal strings" => g.Equal(s, s),
        "onehot" => g.OneHotEncoder(x, ["a"]),
        "onehot twice" => g.OneHotEncoder(s, ["a", "a"]),
        "labels" => g.LabelEncoder(s, ["a", "b"], [1], 0),
        "labels twice" => g.LabelEncoder(s, ["a", "a"], [1, 2], 0),
        "imputer" => g.Imputer(x, [1, 2]),
        "scaler" => g.Scaler(x, [1, 2, 3], [1]),
        "extract" => g.ArrayFeatureExtractor(x, [3]),
        "linear" => g.LinearRegressor(x, new LinearModel { Coefficients = [[1, 2]], Intercepts = [0] }),
        "constant" => g.Constant<float>([1, 2, 3], 2, 2),
        "other graph" => g.Add(x, new GraphBuilder("h").Constant<float>([1])),
        "name" => g.Input("x", x.Type),
        "tree feature" => Trees(g, x, new TreeNode { Feature = 3, True = 1, False = 2 }, Leaf(0), Leaf(0)),
        "tree loop" => Trees(g, x, new TreeNode { True = 0, False = 1 }, Leaf(0)),
        "tree output" => Trees(g, x, Leaf(1)),
        "tree orphan" => Trees(g, x, Leaf(0), Leaf(0)),
        "base values" => g.TreeEnsembleRegressor(x, new TreeEnsemble { Outputs = 1, Trees = [DecisionTree.Constant(new LeafWeight(0, 1))], BaseValues = [1, 2] }),
        _ => NoOutputs(g),
    };

    private static TreeNode Leaf(int output) => new() { Leaf = [new LeafWeight(output, 1)] };

    private static OnnxValue Trees(GraphBuilder g, OnnxValue x, params TreeNode[] nodes) =>
        g.TreeEnsembleRegressor(x, new TreeEnsemble { Outputs = 1, Trees = [new DecisionTree(nodes)] });

    private static OnnxValue NoOutputs(GraphBuilder g)
    {
        g.Build(new OnnxModelInfo());
        return null!;
    }
}

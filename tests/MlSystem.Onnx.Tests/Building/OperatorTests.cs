namespace MlSystem.Onnx.Tests.Building;

/// <summary>Every operator runs in ONNX Runtime and gives what its declared shape and the specification say.</summary>
public sealed class OperatorTests
{
    private static readonly float[] Six = [1, 2, 3, 4, 5, 6];

    public static TheoryData<string, object[]> Elementwise => new()
    {
        { "add", [11f, 22f, 33f, 14f, 25f, 36f] },
        { "sub", [-9f, -18f, -27f, -6f, -15f, -24f] },
        { "mul", [10f, 40f, 90f, 40f, 100f, 180f] },
        { "div", [0.1f, 0.1f, 0.1f, 0.4f, 0.25f, 0.2f] },
        { "less", [true, true, true, true, true, true] },
        { "equal", [false, false, false, false, false, false] },
        { "identity", [1f, 2f, 3f, 4f, 5f, 6f] },
        { "clip", [2f, 2f, 3f, 4f, 4f, 4f] },
        { "isnan", [false, false, false, false, false, false] },
        { "not", [true, true, true, true, true, true] },
        { "cast", [1L, 2L, 3L, 4L, 5L, 6L] },
        { "where", [1f, 2f, 3f, 10f, 20f, 30f] },
    };

    [Theory]
    [MemberData(nameof(Elementwise))]
    public void Elementwise_operators_broadcast(string op, object[] expected)
    {
        var (values, shape, declared) = Runtime.Run(Six, [2, 3], (g, x) =>
        {
            var row = g.Constant<float>([10, 20, 30]);
            return op switch
            {
                "add" => g.Add(x, row),
                "sub" => g.Sub(x, row),
                "mul" => g.Mul(x, row),
                "div" => g.Div(x, row),
                "less" => g.Less(x, row),
                "equal" => g.Equal(x, row),
                "identity" => g.Identity(x),
                "clip" => g.Clip(x, g.Scalar(2f), g.Scalar(4f)),
                "isnan" => g.IsNaN(x),
                "not" => g.Not(g.IsNaN(x)),
                "cast" => g.Cast(x, ElementType.Int64),
                _ => g.Where(g.Less(x, g.Scalar(3.5f)), x, row),
            };
        });
        Assert.Equal(expected, values);
        Assert.Equal([2, 3], shape);
        Assert.Equal([Dimension.Batch, 3], declared.Shape);
    }

    public static TheoryData<string, string, string, object[]> Shaping => new()
    {
        { "concat", "2,4", "[N, 4]", [1f, 2f, 3f, 3f, 4f, 5f, 6f, 6f] },
        { "reshape", "2,3,1", "[N, 3, 1]", [1f, 2f, 3f, 4f, 5f, 6f] },
        { "flatten", "6", "[dim_0]", [1f, 2f, 3f, 4f, 5f, 6f] },
        { "gather", "2,2", "[N, 2]", [3f, 1f, 6f, 4f] },
        { "slice", "2,2", "[N, 2]", [2f, 3f, 5f, 6f] },
        { "unsqueeze", "2,1,3", "[N, 1, 3]", [1f, 2f, 3f, 4f, 5f, 6f] },
        { "squeeze", "2,3", "[N, 3]", [1f, 2f, 3f, 4f, 5f, 6f] },
        { "sum", "2", "[N]", [6f, 15f] },
        { "sum keep", "2,1", "[N, 1]", [6f, 15f] },
        { "argmax", "2", "[N]", [2L, 2L] },
        { "topk", "2,2", "[N, 2]", [3f, 2f, 6f, 5f] },
        { "topk indices", "2,2", "[N, 2]", [2L, 1L, 2L, 1L] },
        { "matmul", "2,2", "[N, 2]", [22f, 28f, 49f, 64f] },
        { "gemm", "2,2", "[N, 2]", [23f, 30f, 50f, 66f] },
        { "gemm transposed", "2,2", "[N, 2]", [15f, 34f, 33f, 79f] },
        { "extract", "2,2", "[N, 2]", [3f, 1f, 6f, 4f] },
        { "impute", "2,3", "[N, 3]", [1f, 2f, 3f, 4f, 5f, 6f] },
        { "scale", "2,3", "[N, 3]", [0f, 0f, 0f, 6f, 6f, 6f] },
        { "linear", "2,2", "[N, 2]", [7f, -2f, 16f, -5f] },
    };

    [Theory]
    [MemberData(nameof(Shaping))]
    public void Operators_give_the_shape_that_was_declared(string op, string shape, string declared, object[] expected)
    {
        var result = Runtime.Run(Six, [2, 3], (g, x) => op switch
        {
            "concat" => g.Concat([x, g.Slice(x, 2, 3, 1)], 1),
            "reshape" => g.Reshape(x, 0, 3, -1),
            "flatten" => g.Reshape(x, -1),
            "gather" => g.Gather(x, g.Constant<long>([2, 0]), 1),
            "slice" => g.Slice(x, -2, 9, 1),
            "unsqueeze" => g.Unsqueeze(x, 1),
            "squeeze" => g.Squeeze(g.Unsqueeze(x, -1), 2),
            "sum" => g.ReduceSum(x, [1]),
            "sum keep" => g.ReduceSum(x, [-1], keepDims: true),
            "argmax" => g.ArgMax(x, 1),
            "topk" => g.TopK(x, 2).Values,
            "topk indices" => g.TopK(x, 2).Indices,
            "matmul" => g.MatMul(x, g.Constant<float>([1, 2, 3, 4, 5, 6], 3, 2)),
            "gemm" => g.Gemm(x, g.Constant<float>([1, 2, 3, 4, 5, 6], 3, 2), g.Constant<float>([1, 2])),
            "gemm transposed" => g.Gemm(x, g.Constant<float>([1, 2, 3, 4, 5, 6], 2, 3), g.Constant<float>([1, 2]), transposeB: true),
            "extract" => g.ArrayFeatureExtractor(x, [2, 0]),
            "impute" => g.Imputer(x, [7, 8, 9]),
            "scale" => g.Scaler(x, [1, 2, 3], [2, 2, 2]),
            _ => g.LinearRegressor(x, new LinearModel { Coefficients = [[1, 1, 1], [0, 0, -1]], Intercepts = [1, 1] }),
        });
        Assert.Equal(expected, result.Values);
        Assert.Equal(shape, string.Join(',', result.Shape));
        Assert.Equal(declared, $"[{string.Join(", ", result.Declared.Shape)}]");
    }

    [Fact]
    public void Sigmoid_and_softmax_are_the_functions_of_their_names()
    {
        double[] x = [0, 1, -30, 30];
        var sigmoid = Runtime.Run(x, [1, 4], (g, v) => g.Sigmoid(v)).Values.Cast<double>();
        Assert.All(x.Zip(sigmoid), p => Assert.Equal(1 / (1 + Math.Exp(-p.First)), p.Second, 1e-15));
        var softmax = Runtime.Run(x, [1, 4], (g, v) => g.Softmax(v)).Values.Cast<double>();
        Assert.All(x.Zip(softmax), p => Assert.Equal(Math.Exp(p.First) / x.Sum(Math.Exp), p.Second, 1e-15));
    }

    [Fact]
    public void Relu_is_zero_below_zero() =>
        Assert.Equal([0, 0, 2.5f], Runtime.Floats(Runtime.Run<float>([-1, 0, 2.5f], [1, 3], (g, v) => g.Relu(v)).Values));

    [Fact]
    public void Missing_numbers_are_found_and_imputed()
    {
        float[] x = [1, float.NaN, float.NaN, 4];
        Assert.Equal([false, true, true, false], Runtime.Run(x, [2, 2], (g, v) => g.IsNaN(v)).Values.Cast<bool>());
        Assert.Equal([1, 9, 8, 4], Runtime.Floats(Runtime.Run(x, [2, 2], (g, v) => g.Imputer(v, [8, 9])).Values));
    }

    [Fact]
    public void Categories_are_encoded_and_unseen_ones_are_all_zeros()
    {
        string[] words = ["b", "a", "unseen", "", "Ö"];
        var (values, shape, declared) = Runtime.Run(words, [5, 1], (g, v) => g.OneHotEncoder(v, ["", "a", "Ö"]));
        Assert.Equal([5, 1, 3], shape);
        Assert.Equal("Float[N, 1, 3]", declared.ToString());
        Assert.Equal([0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1], Runtime.Floats(values));
        Assert.Equal([-1L, 5L, -1L, -1L, 6L], Runtime.Run(words, [5, 1], (g, v) => g.LabelEncoder(v, ["a", "Ö"], [5, 6], -1)).Values);
        Assert.Equal(["five", "?"], Runtime.Run(new long[] { 5, 7 }, [2, 1], (g, v) => g.LabelEncoder(v, [5], ["five"], "?")).Values);
        Assert.Equal([0, 1, 0, 0], Runtime.Floats(Runtime.Run(new long[] { 5, 7 }, [2, 1], (g, v) => g.OneHotEncoder(v, [3, 5])).Values));
        Assert.Equal(["y", "x"], Runtime.Run(new long[] { 1, 0 }, [2], (g, v) => g.Gather(g.Constant(["x", "y"]), v)).Values);
    }

    [Fact]
    public void A_linear_classifier_names_the_class_of_the_greatest_score()
    {
        var model = new LinearModel { Coefficients = [[1, 0, 0], [0, 0, 1], [0, 0, 0]], Intercepts = [0, -3, 0] };
        var (values, _, _) = Runtime.Run(Six, [2, 3], (g, x) => g.LinearClassifier(x, model, ["first", "third", "none"]).Label);
        Assert.Equal(["first", "first"], values);
        var (scores, _, _) = Runtime.Run(Six, [2, 3], (g, x) => g.LinearClassifier(x, model, ["first", "third", "none"]).Scores);
        Assert.Equal([1, 0, 0, 4, 3, 0], Runtime.Floats(scores));
    }
}

using MlSystem.Onnx;

namespace MlSystem.Onnx.Tests.Tracing;

public sealed class TracingTests
{
    [Fact]
    public void Features_are_followed_through_preprocessing_to_their_column()
    {
        var graph = new GraphBuilder("g");
        var (a, b) = (Column(graph, "a"), Column(graph, "b"));
        var numbers = graph.Concat([a, b], 1);
        var missing = graph.Cast(graph.IsNaN(numbers), ElementType.Float);
        var imputed = graph.Scaler(graph.Imputer(numbers, [1, 2]), [0, 0], [1, 2]);
        var plan = graph.Squeeze(graph.OneHotEncoder(graph.Input("plan", new TensorType(ElementType.String, Dimension.Batch, 1)), ["x", "y", "z"]), 1);
        var features = graph.Concat([imputed, graph.Gather(missing, graph.Constant<long>([1]), axis: 1), plan, graph.ArrayFeatureExtractor(imputed, [0])], 1);
        graph.Output("features", features);
        var traced = graph.Build(new OnnxModelInfo()).TraceFeatures("features");
        Assert.Equal(["a", "b", "b", "plan", "plan", "plan", "a"], traced.Select(t => t!.Value.Input));
    }

    [Fact]
    public void A_matrix_input_is_followed_by_position_and_a_diagonal_product_keeps_it()
    {
        var graph = new GraphBuilder("g");
        var x = graph.Input("x", new TensorType(ElementType.Float, Dimension.Batch, 3));
        graph.Output("y", graph.MatMul(x, graph.Constant<float>([0, 2, 0, 3, 0, 0, 0, 0, 4], 3, 3)));
        Assert.Equal([1, 0, 2], graph.Build(new OnnxModelInfo()).TraceFeatures("y").Select(t => t!.Value.Element));
    }

    [Fact]
    public void A_feature_of_two_columns_and_an_operator_that_is_not_followed_are_refused()
    {
        var graph = new GraphBuilder("g");
        var (a, b) = (Column(graph, "a"), Column(graph, "b"));
        graph.Output("sum", graph.Add(a, b));
        graph.Output("best", graph.TopK(graph.Concat([a, b], 1), 1).Values);
        var model = graph.Build(new OnnxModelInfo());
        Assert.Contains("several columns", Assert.Throws<OnnxGraphException>(() => model.TraceFeatures("sum")).Message, StringComparison.Ordinal);
        Assert.Contains("TopK", Assert.Throws<OnnxGraphException>(() => model.TraceFeatures("best")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Scores_are_followed_to_the_outputs_as_links_of_affine_functions()
    {
        var graph = new GraphBuilder("g");
        var score = graph.Cast(graph.Input("s", new TensorType(ElementType.Double, Dimension.Batch, 1)), ElementType.Double);
        var exponent = graph.Add(graph.Mul(score, graph.Scalar(-2.0)), graph.Scalar(0.5));
        graph.Output("probabilities", graph.Cast(graph.Concat([graph.Sigmoid(exponent), graph.Sigmoid(graph.Mul(exponent, graph.Scalar(-1.0)))], 1), ElementType.Float));
        graph.Output("prediction", graph.Squeeze(graph.Div(exponent, graph.Scalar(4.0)), 1));
        graph.Output("square", graph.Mul(score, score));
        var links = graph.Build(new OnnxModelInfo()).TraceScores(score.Name, [new LinkedScore(0, 1, 0, LinkKind.Identity)]);
        Assert.Equal([new LinkedScore(0, -2, 0.5, LinkKind.Logistic), new LinkedScore(0, 2, -0.5, LinkKind.Logistic)], links["probabilities"]);
        Assert.Equal([new LinkedScore(0, -0.5, 0.125, LinkKind.Identity)], links["prediction"]);
        Assert.False(links.ContainsKey("square"));
    }

    [Fact]
    public void A_slice_computes_the_values_alone_and_scores_without_a_transformation()
    {
        var graph = new GraphBuilder("g");
        var x = graph.Input("x", new TensorType(ElementType.Float, Dimension.Batch, 1));
        var tree = new DecisionTree([new TreeNode { Threshold = 1, True = 1, False = 2 }, new TreeNode { Leaf = [new LeafWeight(0, 3)] }, new TreeNode { Leaf = [new LeafWeight(0, -3)] }]);
        var wide = graph.Add(x, graph.Scalar(1f));
        var score = graph.TreeEnsembleRegressor(wide, new TreeEnsemble { Outputs = 1, Trees = [tree], PostTransform = PostTransform.Logistic });
        graph.Output("y", graph.Sigmoid(score));
        var slice = graph.Build(new OnnxModelInfo()).Slice(wide.Name, score.Name);
        Assert.Equal([wide.Name, score.Name], slice.Outputs.Select(o => o.Name));
        Assert.DoesNotContain(slice.Proto.Graph.Node, node => node.OpType is "Sigmoid" or "Identity");
        Assert.Equal(PostTransform.None, Assert.Single(slice.ReadTreeEnsembles()).Model.PostTransform);
    }

    private static OnnxValue Column(GraphBuilder graph, string name) => graph.Input(name, new TensorType(ElementType.Float, Dimension.Batch, 1));
}

namespace MlSystem.Onnx.Tests.Reading;

public sealed class OnnxModelTests
{
    [Fact]
    public void The_same_calls_give_the_same_bytes()
    {
        var facts = new Dictionary<string, string> { ["b"] = "2", ["a"] = "1" };
        var reversed = new Dictionary<string, string> { ["a"] = "1", ["b"] = "2" };
        Assert.Equal(Build(facts).ToBytes(), Build(reversed).ToBytes());
        Assert.NotEqual(Build(facts).ToBytes(), Build(new Dictionary<string, string>()).ToBytes());
    }

    [Fact]
    public void A_model_is_read_back_with_ports_info_and_metadata()
    {
        var model = OnnxModel.Parse(Build(new Dictionary<string, string> { ["algorithm"] = "mean" }).ToBytes());
        Assert.Equal(["x: Float[N, 2]", "word: String[N, 1]"], model.Inputs.Select(p => $"{p.Name}: {p.Type}"));
        Assert.Equal(["y: Float[N, 1]", "word_out: String[N, 1]"], model.Outputs.Select(p => $"{p.Name}: {p.Type}"));
        Assert.Equal("mean", model.Metadata["algorithm"]);
        Assert.Equal(3, model.Info.ModelVersion);
        Assert.Equal("test.domain", model.Info.Domain);
        Assert.Equal(OnnxModel.IrVersion, model.Proto.IrVersion);
    }

    [Fact]
    public void Fields_that_are_not_known_survive_a_rewrite()
    {
        // Field 20 of a model, training_info, which this schema leaves out: tag (20 << 3 | 2), length 2, content.
        byte[] bytes = [.. Build([]).ToBytes(), 0xA2, 0x01, 0x02, 0x0A, 0x00];
        Assert.Equal([0xA2, 0x01, 0x02, 0x0A, 0x00], OnnxModel.Parse(bytes).ToBytes()[^5..]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("FF FF FF FF")]
    [InlineData("08 08")]
    [InlineData("50 4B 03 04")]
    public void What_is_no_model_is_refused(string hex) =>
        Assert.StartsWith("Not an ONNX model", Assert.Throws<OnnxGraphException>(() => OnnxModel.Parse(Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal)))).Message, StringComparison.Ordinal);

    [Fact]
    public void Linear_models_are_read_from_their_own_node_and_from_a_product()
    {
        var graph = new GraphBuilder("linear");
        var x = graph.Input("x", new TensorType(ElementType.Float, Dimension.Batch, 3));
        var written = new LinearModel { Coefficients = [[1, 2, 3], [4, 5, 6]], Intercepts = [7, 8] };
        graph.Output("a", graph.LinearRegressor(x, written));
        graph.Output("b", graph.Gemm(x, graph.Constant<float>([1, 4, 2, 5, 3, 6], 3, 2), graph.Constant<float>([7, 8], 1, 2)));
        graph.Output("c", graph.Gemm(graph.Cast(x, ElementType.Double), graph.Constant<double>([1, 2, 3, 4, 5, 6], 2, 3), graph.Constant<double>([7, 8]), transposeB: true));
        graph.Output("d", graph.LinearClassifier(x, written, ["p", "q"]).Scores);
        var found = OnnxModel.Parse(graph.Build(new OnnxModelInfo()).ToBytes()).ReadLinearModels();
        Assert.Equal(4, found.Count);
        Assert.All(found, f =>
        {
            Assert.Equal(written.Coefficients, f.Model.Coefficients);
            Assert.Equal(written.Intercepts, f.Model.Intercepts);
            Assert.Equal([21, 40], f.Model.Score([1, 2, 3]));
        });
        Assert.Equal("x", found[0].Input);
    }

    [Fact]
    public void Datatypes_have_protocol_names_both_ways()
    {
        Assert.All(Enum.GetValues<ElementType>().Where(t => t != ElementType.Undefined), t => Assert.Equal(t, ElementTypes.FromInferenceDatatype(t.ToInferenceDatatype())));
        Assert.Throws<ArgumentException>(() => ElementTypes.FromInferenceDatatype("FP99"));
    }

    private static OnnxModel Build(Dictionary<string, string> metadata)
    {
        var graph = new GraphBuilder("mean");
        var x = graph.Input("x", new TensorType(ElementType.Float, Dimension.Batch, 2));
        var word = graph.Input("word", new TensorType(ElementType.String, Dimension.Batch, 1));
        graph.Output("y", graph.Div(graph.ReduceSum(x, [1], keepDims: true), graph.Scalar(2f)));
        graph.Output("word_out", word);
        return graph.Build(new OnnxModelInfo { ModelVersion = 3, Domain = "test.domain" }, metadata);
    }
}

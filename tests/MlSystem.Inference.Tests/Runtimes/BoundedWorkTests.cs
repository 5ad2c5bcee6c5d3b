using MlSystem.Contracts;
using MlSystem.Inference.Runtimes;
using MlSystem.Inference.Tensors;
using MlSystem.Inference.Tests.Fixture;
using MlSystem.Onnx.Protos;
using MlSystem.Testing;

namespace MlSystem.Inference.Tests.Runtimes;

public sealed class BoundedWorkTests
{
    [Fact]
    public void Fixed_columns_and_plain_operators_have_it() => Assert.True(Has(ModelFolder.Linear(), [-1, 3]));

    [Fact]
    public void A_free_dimension_beside_the_rows_has_not() => Assert.False(Has(ModelFolder.Linear(), [-1, -1]));

    [Fact]
    public void A_graph_inside_a_node_has_not() => Assert.False(Has(FaultyModels.Looping(bias: 0), [-1, 3]));

    [Theory]
    [InlineData("", "Add", true)]
    [InlineData("ai.onnx.ml", "TreeEnsembleRegressor", true)]
    [InlineData("", "Expand", false)]
    [InlineData("com.microsoft", "Add", false)]
    public void Operators(string domain, string type, bool expected) =>
        Assert.Equal(expected, BoundedWork.Has(new ModelProto { Graph = new GraphProto { Node = { new NodeProto { Domain = domain, OpType = type } } } }));

    private static bool Has(ModelFolder folder, long[] shape)
    {
        using var files = new TempFolder();
        var path = Path.Combine(files.Path, ModelFiles.Onnx);
        File.WriteAllBytes(path, folder.Files[ModelFiles.Onnx]);
        return BoundedWork.Has(path, [new TensorInfo("x", Datatype.Fp32, shape, nullable: false)]);
    }
}

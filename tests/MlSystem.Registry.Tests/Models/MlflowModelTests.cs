using System.Text;
using MlSystem.Registry.Tests.Support;
using MlSystem.Registry.Validation;

namespace MlSystem.Registry.Tests.Models;

public sealed class MlflowModelTests(RegistryApp app) : IClassFixture<RegistryApp>
{
    private const string Onnx = """
        artifact_path: on
        flavors:
          onnx:
            code: null
            data: model.onnx
            onnx_version: 1.15.0
          python_function:
            loader_module: mlflow.onnx
        model_uuid: 16cadc5349b14813a5163962405f3fd7
        signature:
          inputs: '[{"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1,
            1]}}]'
          outputs: '[{"name": "y", "type": "tensor", "tensor-spec": {"dtype": "float32",
            "shape": [-1, 1]}}]'
          params: null
        """;

    [Fact]
    public async Task An_onnx_model_that_MLflow_logged_is_servable_with_a_signature_of_its_own()
    {
        var version = await RegisteredAsync(Onnx, TinyModels.Identity());
        Assert.Equal("servable", version.GetProperty("status").GetString());
        var input = Assert.Single(version.GetProperty("signature").GetProperty("inputs").EnumerateArray());
        Assert.Equal(("x", "FP32", "[-1,1]"), (input.GetProperty("name").GetString(), input.GetProperty("datatype").GetString(), input.GetProperty("shape").GetRawText()));
        Assert.Equal("y", version.GetProperty("signature").GetProperty("outputs")[0].GetProperty("name").GetString());
    }

    [Fact]
    public async Task Columns_of_one_tensor_are_named_and_may_be_missing()
    {
        var columns = """[{"type": "double", "name": "age", "required": false}]""";
        var version = await RegisteredAsync($"flavors:\n  onnx:\n    data: model.onnx\nsignature:\n  inputs: '{columns}'\n", TinyModels.Identity());
        Assert.Equal("servable", version.GetProperty("status").GetString());
        var input = version.GetProperty("signature").GetProperty("inputs")[0];
        Assert.Equal(("columns age", true), (input.GetProperty("meaning").GetString(), input.GetProperty("nullable").GetBoolean()));
    }

    [Theory]
    [InlineData("flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n  sklearn:\n    pickled_model: model.pkl\n", "flavor sklearn can't be served here; log it with mlflow.onnx")]
    [InlineData("flavors:\n  python_function:\n    loader_module: mine\n", "flavor python_function can't be served here; log the model with mlflow.onnx")]
    [InlineData("flavors: {}\n", "MLmodel names no flavor")]
    [InlineData("flavors:\n  onnx:\n    data: sub/other.onnx\n", "the ONNX model is at 'sub/other.onnx'; it must be model.onnx")]
    [InlineData("flavors:\n  onnx:\n    data: model.onnx\nsignature:\n  inputs: '[{\"type\": \"tensor\", \"tensor-spec\": {\"dtype\": \"float32\", \"shape\": [-1, 7]}}]'\n", "input 'x' has shape [-1, 1] in the model, [-1, 7] in the signature of MLmodel")]
    [InlineData("flavors:\n  onnx:\n    data: model.onnx\nsignature:\n  inputs: '[{'\n", "MLmodel can't be read")]
    [InlineData("a: [", "MLmodel can't be read")]
    [InlineData("- a\n", "MLmodel is not one YAML mapping")]
    public async Task A_model_that_can_not_be_served_is_registered_with_the_reason(string mlmodel, string reason)
    {
        var version = await RegisteredAsync(mlmodel, TinyModels.Identity());
        Assert.Equal("refused", version.GetProperty("status").GetString());
        Assert.StartsWith(reason, version.GetProperty("reason").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_schema_without_a_name_is_read()
    {
        var file = MlflowModelFile.Parse(new StringReader(Onnx));
        Assert.Equal(["onnx", "python_function"], file.Flavors);
        Assert.Null(file.Refusal);
        Assert.Equal([-1, 1], Assert.Single(file.Inputs).Shape);
        Assert.Null(file.Inputs[0].Name);
    }

    private async Task<System.Text.Json.JsonElement> RegisteredAsync(string mlmodel, byte[] onnx)
    {
        var (run, artifacts) = await app.Registry.RunAsync();
        (await app.Registry.UploadAsync($"{artifacts}/model/MLmodel", Encoding.UTF8.GetBytes(mlmodel))).Ok();
        (await app.Registry.UploadAsync($"{artifacts}/model/model.onnx", onnx)).Ok();
        var name = await app.Registry.ModelAsync();
        return await app.Registry.ValidatedAsync(name, await app.Registry.VersionAsync(name, run));
    }
}

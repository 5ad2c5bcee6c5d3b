using System.Text.Json;
using Microsoft.ML;
using MlSystem.Registry.Tests.Support;
using MlSystem.Testing;

namespace MlSystem.Registry.Tests.Validation;

/// <summary>Models that come without a signature: theirs is made from the model itself.</summary>
public sealed class OwnSignatureTests : IAsyncLifetime
{
    private RegistryApp _app = null!;

    public async ValueTask InitializeAsync() => _app = await RegistryApp.StartAsync(null);

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    [Fact]
    public async Task A_bare_onnx_model_is_servable_and_describes_itself()
    {
        var version = await RegisterAsync(("model.onnx", TinyModels.Identity()));

        Assert.True(Status(version) == "servable", version.ToString());
        var signature = version.GetProperty("signature");
        Assert.Equal("custom", signature.GetProperty("task").GetString());
        Assert.Equal("""{"name":"x","datatype":"FP32","shape":[-1,1],"nullable":true}""", signature.GetProperty("inputs")[0].GetRawText());
        Assert.Equal("y", signature.GetProperty("outputs")[0].GetProperty("name").GetString());
    }

    [Fact]
    public async Task Sequences_and_maps_are_refused_by_name()
    {
        Assert.Contains("output 'y' is a sequence, which the protocol has no form for", Reason(await RegisterAsync(("model.onnx", TinyModels.Sequence(ofMaps: false)))), StringComparison.Ordinal);
        Assert.Contains("output 'z' is a sequence", Reason(await RegisterAsync(("model.onnx", TinyModels.Sequence(ofMaps: true)))), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pipeline_of_ml_net_is_servable_as_it_was_saved()
    {
        var zip = Zip();
        var version = await RegisterAsync(("model.zip", zip));

        Assert.True(Status(version) == "servable", version.ToString());
        var signature = version.GetProperty("signature");
        Assert.Equal("regression", signature.GetProperty("task").GetString());
        Assert.Equal(["X", "Kind"], signature.GetProperty("inputs").EnumerateArray().Select(input => input.GetProperty("name").GetString()!));
        Assert.Equal("prediction", signature.GetProperty("outputs")[0].GetProperty("name").GetString());

        var described = """{"task":"regression","inputs":[{"name":"X","datatype":"FP64","shape":[-1,1]}],"outputs":[{"name":"prediction","datatype":"FP32","shape":[-1]}]}"""u8.ToArray();
        var reason = Reason(await RegisterAsync(("model.zip", zip), ("signature.json", described)));
        Assert.Contains("input 'X' is FP32 in the model, FP64 in the signature; the signature lacks the model's input 'Kind'", reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_no_model_is_refused()
    {
        Assert.Contains("model.zip: ML.NET does not load it", Reason(await RegisterAsync(("model.zip", "no zip"u8.ToArray()))), StringComparison.Ordinal);
        Assert.Contains("the folder has no model.onnx or model.zip or ensemble.json", Reason(await RegisterAsync(("readme.md", "x"u8.ToArray()))), StringComparison.Ordinal);
        Assert.Contains("a version is one of them", Reason(await RegisterAsync(("model.onnx", TinyModels.Identity()), ("model.zip", "x"u8.ToArray()))), StringComparison.Ordinal);
    }

    private async Task<JsonElement> RegisterAsync(params (string Name, byte[] Content)[] files) => await _app.Registry.RegisterAsync(await _app.Registry.ModelAsync(), files);

    private static string Status(JsonElement version) => version.GetProperty("status").GetString()!;

    private static string Reason(JsonElement version)
    {
        Assert.Equal("refused", Status(version));
        return version.GetProperty("reason").GetString()!;
    }

    private static byte[] Zip()
    {
        var context = new MLContext(seed: 1);
        var data = context.Data.LoadFromEnumerable(Enumerable.Range(0, 200).Select(i => new Row { X = i, Kind = i % 2 == 0 ? "a" : "b", Label = i * 2 }));
        var model = context.Transforms.Categorical.OneHotEncoding("KindHot", "Kind").Append(context.Transforms.Concatenate("Features", "X", "KindHot"))
            .Append(context.Regression.Trainers.FastTree(numberOfTrees: 5)).Fit(data);
        using var folder = new TempFolder();
        var path = Path.Combine(folder.Path, "model.zip");
        context.Model.Save(model, data.Schema, path);
        return File.ReadAllBytes(path);
    }

    private sealed class Row
    {
        public float X { get; set; }

        public string Kind { get; set; } = "";

        public float Label { get; set; }
    }
}

using System.Runtime.InteropServices;
using Google.Protobuf;
using Microsoft.Extensions.DependencyInjection;
using MlSystem.Contracts;
using MlSystem.Inference.Tests.Fixture;
using MlSystem.Onnx;
using MlSystem.Onnx.Protos;
using MlSystem.ServiceDefaults.Storage;

namespace MlSystem.Inference.Tests.Versions;

/// <summary>A version's files on disk.</summary>
public sealed class ArtifactTests
{
    private static readonly ModelSignature Signature = ModelFolder.Signature(
        ModelTask.Regression, [ModelFolder.Spec("x", "FP32", -1, 3)], [ModelFolder.Spec("prediction", "FP32", -1, 1)]);

    [Fact]
    public async Task A_model_finds_its_external_data_also_in_a_subfolder()
    {
        await using var server = await StartAsync(External("weights/w.bin"));
        Assert.Equal(7, (await server.InferAsync("m", Requests.LinearBody(7))).Body.Prediction());
    }

    [Theory]
    [InlineData("../w.bin", "External data path escapes model directory")]
    [InlineData("/etc/hostname", "Absolute path not allowed")]
    public async Task External_data_outside_the_folder_is_refused(string location, string reason)
    {
        await using var server = await StartAsync(External("w.bin", location));
        var (status, body) = await server.InferAsync("m", Requests.LinearBody(7));
        Assert.Equal(503, status);
        Assert.Contains(reason, body.Error(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../../evil")]
    [InlineData("/tmp/evil")]
    [InlineData("a/../../evil")]
    [InlineData("a\\evil")]
    [InlineData("a//evil")]
    public async Task A_manifest_that_names_a_path_outside_the_folder_is_refused(string path)
    {
        var folder = ModelFolder.Linear();
        folder.Files[path] = "evil"u8.ToArray();
        await using var server = await StartAsync(folder);
        var (status, body) = await server.InferAsync("m", Requests.LinearBody(7));
        Assert.Equal(503, status);
        Assert.Contains("not a plain path inside the version's folder", body.Error(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Beyond_the_disk_budget_files_that_are_not_in_use_leave()
    {
        await using var registry = new RegistryDouble();
        for (var version = 1; version <= 6; version++)
        {
            var folder = ModelFolder.Linear(bias: version);
            folder.Files["notes"] = new byte[100_000];
            folder.Files["notes"][0] = (byte)version;
            registry.AddVersion("m", version, folder);
        }

        registry.SetEndpoint("m", 1);
        await registry.StartAsync();
        await using var server = await InferenceServer.StartAsync(registry.Url, settings: new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["Inference:Versions:DiskBudgetBytes"] = "250000",
            ["Inference:Routing:MaxExtraVersions"] = "1",
        });
        for (var version = 2; version <= 6; version++)
        {
            using var response = await server.Http.PostAsync($"/v2/models/m/versions/{version}/infer", Requests.Json(Requests.LinearBody(0)));
            Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        }

        var data = server.Services.GetRequiredService<DataDirectory>().Own;
        await Requests.EventuallyAsync(() => Task.FromResult(Bytes(Path.Combine(data, "artifacts")) <= 250_000));
        Assert.Equal(1, (await server.InferAsync("m", Requests.LinearBody(0))).Body.Prediction());
        Assert.Equal(2, Directory.GetDirectories(Path.Combine(data, "versions")).Length);
    }

    private static long Bytes(string folder) => new DirectoryInfo(folder).GetFiles("*", SearchOption.AllDirectories).Sum(file => file.Length);

    private static async Task<InferenceServer> StartAsync(ModelFolder folder)
    {
        var registry = new RegistryDouble();
        registry.AddVersion("m", 1, folder);
        registry.SetEndpoint("m", 1);
        await registry.StartAsync();
        return await InferenceServer.StartAsync(registry.Url);
    }

    /// <summary>x·(1, 1, 1) with the weights in a file of their own.</summary>
    private static ModelFolder External(string path, string? location = null)
    {
        var graph = new GraphBuilder("external");
        var x = graph.Input("x", new TensorType(ElementType.Float, Dimension.Batch, 3));
        graph.Output("prediction", graph.MatMul(x, graph.Constant<float>([1, 1, 1], 3, 1)));
        var model = graph.Build(new OnnxModelInfo());
        var weights = model.Proto.Graph.Initializer.Single();
        weights.FloatData.Clear();
        weights.RawData = ByteString.Empty;
        weights.DataLocation = TensorProto.Types.DataLocation.External;
        weights.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = location ?? path });
        var folder = ModelFolder.Of(model, Signature);
        folder.Files[path] = MemoryMarshal.AsBytes<float>(new float[] { 1, 1, 1 }).ToArray();
        return folder;
    }
}

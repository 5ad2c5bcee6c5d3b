using System.Text;
using MlSystem.Contracts;
using MlSystem.Testing;
using MlSystem.Training.Tests.Doubles;
using MlSystem.Training.Tests.Pipelines;

namespace MlSystem.Training.Tests.Samples;

/// <summary>The files of a trained version have the agreed forms.</summary>
public sealed class GoldenArtifactTests
{
    /// <summary>Their keys are data, not names of fields.</summary>
    private static readonly string[] Maps = [".parameters", ".inputs[].categorical.counts", ".outputs[].categorical.counts"];

    [Fact]
    public async Task Signature_baseline_and_lineage_fill_golden_fields_and_no_others()
    {
        await using var world = await World.StartAsync();
        await using var host = await world.HostAsync();
        await Documents.PrepareAsync(world);
        await host.Http.SendAsync(HttpMethod.Put, "/api/pipelines/small", Documents.Valid.ToJsonString(), 201);
        var id = (await host.Http.SendAsync(HttpMethod.Post, "/api/pipelines/small/runs", expected: 202)).Text("run_id");
        await host.Http.WaitForStateAsync(id, "succeeded");

        AssertForm(world, ModelFiles.Signature, "model_signature", optional: [".inputs[].meaning", ".inputs[].categories", ".inputs[].categories[]"]);
        AssertForm(world, ModelFiles.Baseline, "baseline", optional: [.. Optional("inputs"), .. Optional("outputs"), ".outputs[].numeric"]);
        AssertForm(world, ModelFiles.Lineage, "model_lineage", optional: [".parent_version", .. RequestColumns]);
    }

    /// <summary>Only versions whose on-demand features need some have them.</summary>
    private static readonly string[] RequestColumns =
        [".request_columns[]", ".request_columns[].name", ".request_columns[].datatype", ".request_columns[].shape", ".request_columns[].shape[]", ".request_columns[].nullable"];

    /// <summary>A column is numeric or categorical.</summary>
    private static string[] Optional(string side) => [$".{side}[].numeric", $".{side}[].categorical", $".{side}[].categorical.counts"];

    private static void AssertForm(World world, string file, string golden, string[] optional)
    {
        var written = Golden.Form(Encoding.UTF8.GetString(world.Registry.File(1, file)), Maps);
        var agreed = Golden.Form(Golden.Text(golden), Maps);

        // What an output's histogram looks like is agreed with the inputs.
        var unknown = written.Select(path => path.Replace(".outputs[].numeric", ".inputs[].numeric", StringComparison.Ordinal)).Except(agreed);
        Assert.Empty(unknown);
        Assert.Empty(agreed.Except(written).Except(optional));
    }
}

using System.Text.Json.Nodes;
using MlSystem.Training.Exports;
using MlSystem.Training.Tests.Doubles;
using MlSystem.Training.Tests.Pipelines;

namespace MlSystem.Training.Tests.Exports;

public sealed class ExportRefusalTests
{
    [Fact]
    public async Task What_is_missing_or_too_much_is_told()
    {
        await using var world = await World.StartAsync();
        await using var host = await world.HostAsync();
        await host.Http.SendAsync(HttpMethod.Put, "/api/pipelines/small", Documents.Valid.ToJsonString(), 201);
        Assert.Contains("kfp or airflow", await RefusedAsync(host, "small/export", 400), StringComparison.Ordinal);
        Assert.Contains("not 'argo'", await RefusedAsync(host, "small/export?format=argo", 400), StringComparison.Ordinal);
        Assert.Contains("?image=", await RefusedAsync(host, "small/export?format=kfp", 400), StringComparison.Ordinal);
        Assert.Contains("?volume_claim=", await RefusedAsync(host, "small/export?format=airflow&image=i", 400), StringComparison.Ordinal);
        Assert.Contains("small", await RefusedAsync(host, "none/export?format=kfp", 404), StringComparison.Ordinal);
        Assert.Contains("version 9", await RefusedAsync(host, "small/export?format=kfp&version=9&image=i&volume_claim=c", 404), StringComparison.Ordinal);

        var large = Documents.Valid;
        large["source"]!["labels"]!["table"]!["customer_id"]![0] = new string('x', 100_000);
        await host.Http.SendAsync(HttpMethod.Put, "/api/pipelines/small", large.ToJsonString(), 201);
        Assert.Contains("bytes", await RefusedAsync(host, "small/export?format=kfp&image=i&volume_claim=c", 400), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0 3 * * *", "0 3 * * *")]
    [InlineData("0 30 2 ? * MON-FRI", "30 2 * * MON-FRI")]
    [InlineData("0 0 12 1,15 JUL ? *", "0 12 1,15 JUL *")]
    [InlineData("0 10/20 * ? * 1,7", "10-59/20 * * * 0,6")]
    [InlineData("30 0 3 * * ?", null)]
    [InlineData("0 0 3 L * ?", null)]
    [InlineData("0 0 3 ? * 2#1", null)]
    [InlineData("0 0 3 * * ? 2030", null)]
    public void Quartz_schedules_become_those_of_Unix_where_there_are_such(string quartz, string? unix) => Assert.Equal(unix, UnixCron.Of(quartz));

    private static async Task<string> RefusedAsync(TrainingHost host, string path, int status) =>
        (await host.Http.SendAsync(HttpMethod.Get, $"/api/pipelines/{path}", expected: status)).Text("detail");
}

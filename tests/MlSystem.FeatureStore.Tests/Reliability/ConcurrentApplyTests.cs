using System.Text.Json;

namespace MlSystem.FeatureStore.Tests.Reliability;

/// <summary>Many applies at once: each whole, one after the other, none lost.</summary>
public sealed class ConcurrentApplyTests
{
    private const int Applies = 100;

    [Fact]
    public async Task A_hundred_at_once_all_take_effect_whole_and_count_one_revision_each()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", Samples.Definitions);

        var answers = await Task.WhenAll(Enumerable.Range(0, Applies).Select(i => app.PostOkAsync("/api/apply", Two(i))));

        Assert.Equal(Enumerable.Range(2, Applies), answers.Select(answer => answer.GetProperty("revision").GetInt32()).Order());
        var views = (await app.Client.GetStringAsync("/api/feature-views")).Split("\"name\":\"pair_").Length - 1;
        Assert.True(views >= Applies * 2, $"{views} names of views");

        // The last one that changed the shared view decides, and its versions are without a gap.
        using var shared = JsonDocument.Parse(await app.Client.GetStringAsync("/api/feature-views/shared"));
        Assert.Equal(Applies, shared.RootElement.GetProperty("version").GetInt32());
        var last = answers.MaxBy(answer => answer.GetProperty("revision").GetInt32());
        Assert.Contains(last.GetProperty("plan").EnumerateArray(), change => change.GetProperty("name").GetString() == "shared" && change.GetProperty("version").GetInt32() == Applies);
    }

    private static string Two(int i) => $$"""
        {"feature_views":[
          {"name":"pair_{{i}}_a","entities":["driver"],"features":[{"name":"x","datatype":"FP32"}]},
          {"name":"pair_{{i}}_b","entities":["driver"],"features":[{"name":"x","datatype":"FP32"}]},
          {"name":"shared","entities":["driver"],"description":"by {{i}}","features":[{"name":"x","datatype":"FP32"}]}]}
        """;
}

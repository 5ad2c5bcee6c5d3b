using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Streams;

namespace MlSystem.FeatureStore.Tests.Streams;

/// <summary>Reads aggregates of view <c>activity</c> online and as of a time.</summary>
internal static class StreamReads
{
    /// <summary>When it completes every event that was pushed is in the aggregates, the clocks are where the time is, and rows are online and in Parquet.</summary>
    public static async Task SettleAsync(this FeatureStoreApp app, CancellationToken cancellationToken)
    {
        var views = app.Services.GetRequiredService<CatalogStore>().Current.StreamViews.Values.Select(view => view.View).ToArray();
        for (var times = 0; times < 2; times++)
        {
            await app.Services.GetRequiredService<StreamViews>().CatchUpAsync(views, cancellationToken);
        }
    }

    public static IReadOnlyList<string> Features(this FeatureStoreApp app) => [.. app.Services.GetRequiredService<CatalogStore>().Current.StreamViews["activity"].Features.Select(feature => feature.Name)];

    /// <summary>For each user its values in the order of the view's features, as JSON.</summary>
    public static async Task<string[]> OnlineAsync(this FeatureStoreApp app, params string[] users)
    {
        var features = app.Features();
        var read = await app.PostOkAsync("/get-online-features", JsonSerializer.Serialize(new { features = features.Select(name => $"activity:{name}"), entities = new { user_id = users } }));
        var names = read.GetProperty("metadata").GetProperty("feature_names").EnumerateArray().Select(name => name.GetString()).ToList();
        return [.. users.Select((_, row) => string.Join(' ', features.Select(name => read.GetProperty("results")[names.IndexOf(name)].GetProperty("values")[row].GetRawText())))];
    }

    public static async Task<string[]> AsOfAsync(this FeatureStoreApp app, params (string User, DateTimeOffset At)[] labels)
    {
        var features = app.Features();
        var read = await app.PostOkAsync("/api/historical-features", JsonSerializer.Serialize(new
        {
            features = features.Select(name => $"activity:{name}"),
            entity_df = new { user_id = labels.Select(label => label.User), event_timestamp = labels.Select(label => label.At) },
        }));
        var columns = read.GetProperty("columns");
        return [.. labels.Select((_, row) => string.Join(' ', features.Select(name => columns.GetProperty(name)[row].GetRawText())))];
    }
}

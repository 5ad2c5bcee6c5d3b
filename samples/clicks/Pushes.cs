using System.Text.Json;

namespace MlSystem.Samples.Clicks;

/// <summary>Bodies of <c>POST /push</c>.</summary>
public static class Pushes
{
    public static string Of(IReadOnlyCollection<Click> clicks) => JsonSerializer.Serialize(new
    {
        push_source_name = "clicks_push",
        to = "offline",
        df = new
        {
            user_id = clicks.Select(click => click.User),
            event_timestamp = clicks.Select(click => click.At),
            page = clicks.Select(click => click.Page),
            amount = clicks.Select(click => click.Amount),
        },
    });
}

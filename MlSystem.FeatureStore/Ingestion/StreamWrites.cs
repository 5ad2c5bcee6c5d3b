using MlSystem.FeatureStore.Definitions;

namespace MlSystem.FeatureStore.Ingestion;

/// <summary>Rows of a stream feature view are computed: nobody writes them, else they would not be the aggregates of its events.</summary>
internal static class StreamWrites
{
    public static string Refusal(FeatureView view) =>
        $"Feature view '{view.Name}' is a stream feature view: its rows are computed from the events of source '{view.Definition.Source}' and can't be written. Send events to that source's topic instead.";
}

using MlSystem.FeatureStore.Ingestion;
using MlSystem.FeatureStore.Online;
using MlSystem.ServiceDefaults.EventLog;

namespace MlSystem.FeatureStore.Streams;

/// <summary>Reads events of a view's topic: JSON objects by the source's columns.</summary>
internal sealed class StreamDecoder(StreamPlan plan)
{
    /// <param name="keyed">Whether the event's key must be its entity: else events of one entity could lie in several partitions.</param>
    /// <returns>The event; null with a reason, or without one where the source's filter leaves it out.</returns>
    public (StreamEvent? Event, string? Error) Read(StoredEvent stored, bool keyed)
    {
        var (values, error) = plan.Columns.Read(stored.Event.Value);
        if (values is null)
        {
            return (null, error);
        }

        Span<FeatureValue> entity = new FeatureValue[plan.KeyColumns.Length];
        for (var i = 0; i < entity.Length; i++)
        {
            entity[i] = values[plan.KeyColumns[i]];
            if (!entity[i].HasValue)
            {
                return (null, $"{plan.View.JoinKeys[i].Name}: a join key is required");
            }
        }

        if (!values[plan.EventColumn].HasValue)
        {
            return (null, $"{plan.Stream.Definition.EventTimestampColumn}: a time is required");
        }

        var text = OnlineKey.Entity(plan.View.JoinKeys, entity);
        return keyed && !IsKey(stored.Event.Key, text)
            ? (null, "the event's key in the topic is not its entity, so its entity's events may lie in several partitions; set repartition: true")
            : (new StreamEvent(stored.Offset, UnixTime.Microseconds(stored.Time), values[plan.EventColumn].AsInt64, text, values), null);
    }

    /// <summary>The entity itself, or the key of a feature row of it: <c>fs:{view}:{entity}</c>.</summary>
    private static bool IsKey(string key, string entity) =>
        key == entity || (key.StartsWith(OnlineKey.Prefix, StringComparison.Ordinal) && key.Length > entity.Length && key[^(entity.Length + 1)] == ':'
            && key.EndsWith(entity, StringComparison.Ordinal) && key.IndexOf(':', OnlineKey.Prefix.Length) == key.Length - entity.Length - 1);
}

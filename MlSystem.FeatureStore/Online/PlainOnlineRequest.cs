using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Feast;
using MlSystem.FeatureStore.Ingestion;

namespace MlSystem.FeatureStore.Online;

/// <summary>
/// Reads the usual form of a request in one pass, without a document in between. It never says what is wrong: what it does not take
/// goes to <see cref="OnlineRequest"/>, which decides alone what is accepted and has all the words.
/// </summary>
public sealed class PlainOnlineRequest(OnlinePlans plans)
{
    /// <summary>Places of the members in the body; an end of 0: absent.</summary>
    private record struct Members(Range Wanted, Range Entities, bool IsService, bool FullNames);

    /// <returns>The request, the same as <see cref="OnlineRequest.Read"/> makes of the body; null: the body is something else.</returns>
    public OnlineRequest? TryRead(ReadOnlySpan<byte> body, int maxEntities)
    {
        try
        {
            return Locate(body) is { } members
                && plans.Find(body[members.Wanted], members.IsService, members.FullNames) is { RequestColumns.Count: 0 } plan
                && Entities(body[members.Entities], plan, maxEntities) is { } entities
                    ? Request(plan, entities)
                    : null;
        }
        catch (Exception error) when (error is JsonException || BrokenText.Is(error))
        {
            return null;
        }
    }

    private static OnlineRequest Request(OnlinePlan plan, (string Name, Datatype Datatype, FeatureValue[] Values)[] entities)
    {
        var keys = new Dictionary<string, FeatureValue[]>(entities.Length, StringComparer.Ordinal);
        foreach (var (name, _, values) in entities)
        {
            keys[name] = values;
        }

        var query = new OnlineQuery { Views = plan.Views, Columns = plan.Columns, Computations = plan.Computations, Keys = keys, Rows = entities[0].Values.Length };
        return new OnlineRequest(query, entities);
    }

    private static Members? Locate(ReadOnlySpan<byte> body)
    {
        var json = new Utf8JsonReader(body);
        var members = default(Members);
        var (hasWanted, hasEntities, hasFull) = (false, false, false);
        if (!json.Read() || json.TokenType != JsonTokenType.StartObject)
        {
            return null;
        }

        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var (features, service) = (json.ValueTextEquals("features"u8), json.ValueTextEquals("feature_service"u8));
            if (features || service)
            {
                var twice = hasWanted;
                hasWanted = true;
                members = members with { IsService = service, Wanted = Value(ref json) };
                if (twice || json.TokenType != (service ? JsonTokenType.String : JsonTokenType.EndArray))
                {
                    return null;
                }
            }
            else if (json.ValueTextEquals("entities"u8))
            {
                var twice = hasEntities;
                hasEntities = true;
                members = members with { Entities = Value(ref json) };
                if (twice || json.TokenType != JsonTokenType.EndObject)
                {
                    return null;
                }
            }
            else if (json.ValueTextEquals("full_feature_names"u8))
            {
                var twice = hasFull;
                hasFull = true;
                json.Read();
                members = members with { FullNames = json.TokenType == JsonTokenType.True };
                if (twice || json.TokenType is not (JsonTokenType.True or JsonTokenType.False))
                {
                    return null;
                }
            }
            else
            {
                json.Skip();
            }
        }

        return hasWanted && hasEntities && !json.Read() ? members : null;
    }

    /// <summary>The place of the value behind a member's name; the reader is at its end then.</summary>
    private static Range Value(ref Utf8JsonReader json)
    {
        json.Read();
        var start = (int)json.TokenStartIndex;
        json.Skip();
        return start..(int)json.BytesConsumed;
    }

    /// <summary>Every join key once, nothing else, all of one length.</summary>
    private static (string Name, Datatype Datatype, FeatureValue[] Values)[]? Entities(ReadOnlySpan<byte> body, OnlinePlan plan, int maxEntities)
    {
        var json = new Utf8JsonReader(body);
        json.Read();
        var entities = new (string Name, Datatype Datatype, FeatureValue[] Values)[plan.JoinKeys.Count];
        var count = 0;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (count == entities.Length || JoinKey(ref json, plan.JoinKeys) is not { } key || Values(ref json, key.Datatype, maxEntities) is not { } values)
            {
                return null;
            }

            for (var i = 0; i < count; i++)
            {
                if (entities[i].Name == key.Name || entities[i].Values.Length != values.Length)
                {
                    return null;
                }
            }

            entities[count++] = (key.Name, key.Datatype, values);
        }

        return count == entities.Length && count > 0 ? entities : null;
    }

    private static Field? JoinKey(ref Utf8JsonReader json, IReadOnlyList<Field> keys)
    {
        for (var i = 0; i < keys.Count; i++)
        {
            if (json.ValueTextEquals(keys[i].Name))
            {
                return keys[i];
            }
        }

        return null;
    }

    private static FeatureValue[]? Values(ref Utf8JsonReader json, Datatype datatype, int maxEntities)
    {
        json.Read();
        if (json.TokenType != JsonTokenType.StartArray)
        {
            return null;
        }

        var values = new FeatureValue[4];
        var count = 0;
        while (json.Read() && json.TokenType != JsonTokenType.EndArray)
        {
            if (count == values.Length)
            {
                Array.Resize(ref values, count * 2);
            }

            if (count == maxEntities || !TryRead(ref json, datatype, out values[count++]))
            {
                return null;
            }
        }

        Array.Resize(ref values, count);
        return values;
    }

    private static bool TryRead(ref Utf8JsonReader json, Datatype datatype, out FeatureValue value)
    {
        value = default;
        switch (json.TokenType)
        {
            case JsonTokenType.Number when datatype is Datatype.Int32 or Datatype.Int64 && json.TryGetInt64(out var number):
                value = FeatureValue.Of(number);
                return datatype == Datatype.Int64 || number is >= int.MinValue and <= int.MaxValue;
            case JsonTokenType.String when datatype == Datatype.Bytes && !json.ValueIsEscaped && Utf8.IsValid(json.ValueSpan):
                value = FeatureValue.Of(Encoding.UTF8.GetString(json.ValueSpan));
                return true;
            case JsonTokenType.True or JsonTokenType.False when datatype == Datatype.Bool:
                value = FeatureValue.Of(json.TokenType == JsonTokenType.True);
                return true;
            default:
                return false;
        }
    }
}

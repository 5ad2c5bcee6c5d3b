using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;

namespace MlSystem.Registry.Mlflow;

/// <summary>Reads messages, and says in MLflow's words which field has a value of another type.</summary>
internal static class MlflowBody
{
    private const int ShownCharacters = 100;

    /// <summary>Reads a body in one go, which is faster than piece by piece; an empty one is a message without fields.</summary>
    public static async ValueTask<T?> ReadAsync<T>(PipeReader body, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class
    {
        ReadResult result;
        while (!(result = await body.ReadAsync(cancellationToken)).IsCompleted)
        {
            body.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        }

        try
        {
            return Read(result.Buffer, type);
        }
        finally
        {
            body.AdvanceTo(result.Buffer.End);
        }
    }

    public static T? Read<T>(JsonNode message, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return message.Deserialize(type);
        }
        catch (JsonException error) when (Mismatch(JsonSerializer.SerializeToElement(message, MlflowJson.Default.JsonNode), error) is { } problem)
        {
            throw MlflowError.Invalid(problem);
        }
    }

    private static T? Read<T>(ReadOnlySequence<byte> json, JsonTypeInfo<T> type)
        where T : class
    {
        var reader = new Utf8JsonReader(WithoutMark(json.IsEmpty ? new("{}"u8.ToArray()) : json));
        try
        {
            var message = JsonSerializer.Deserialize(ref reader, type);

            // Throws when there is more behind the object.
            reader.Read();
            return message;
        }
        catch (JsonException error) when (Parsed(json) is { } parsed)
        {
            using (parsed)
            {
                throw Mismatch(parsed.RootElement, error) is { } problem ? MlflowError.Invalid(problem) : error;
            }
        }
    }

    /// <summary>Some editors begin a file with a byte order mark.</summary>
    private static ReadOnlySequence<byte> WithoutMark(ReadOnlySequence<byte> json)
    {
        ReadOnlySpan<byte> mark = [0xEF, 0xBB, 0xBF];
        Span<byte> start = stackalloc byte[3];
        var length = (int)Math.Min(3, json.Length);
        json.Slice(0, length).CopyTo(start);
        return start[..length].SequenceEqual(mark) ? json.Slice(3) : json;
    }

    /// <summary>Null where it is not JSON at all: then the reader's own error says more.</summary>
    private static JsonDocument? Parsed(ReadOnlySequence<byte> json)
    {
        try
        {
            return JsonDocument.Parse(WithoutMark(json));
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string? Mismatch(JsonElement message, JsonException error)
    {
        if (error.Path is not ['$', '.', .. var path])
        {
            return null;
        }

        var value = message;
        foreach (var name in path.Split(['.', '['], StringSplitOptions.RemoveEmptyEntries))
        {
            var isIndex = name.EndsWith(']') && int.TryParse(name[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out _);
            if (isIndex && value.ValueKind == JsonValueKind.Array && int.Parse(name[..^1], CultureInfo.InvariantCulture) is var index && index < value.GetArrayLength())
            {
                value = value[index];
            }
            else if (isIndex || value.ValueKind != JsonValueKind.Object || !value.TryGetProperty(name, out value))
            {
                return null;
            }
        }

        var text = value.GetRawText();
        return $"Invalid value {(text.Length > ShownCharacters ? text[..ShownCharacters] + "…" : text)} for parameter '{path}' supplied: a {Name(value.ValueKind)} does not fit there.";
    }

    private static string Name(JsonValueKind kind) => kind switch
    {
        JsonValueKind.Object => "object",
        JsonValueKind.Array => "list",
        JsonValueKind.String => "text like this",
        JsonValueKind.Number => "number like this",
        JsonValueKind.True or JsonValueKind.False => "boolean",
        _ => "null",
    };
}

using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace MlSystem.Training.Trainers;

/// <summary>A value of a trainer's parameter: a number, a text, a truth value or a list of whole numbers. In JSON simply that.</summary>
[JsonConverter(typeof(ParameterValueConverter))]
public sealed class ParameterValue : IEquatable<ParameterValue>
{
    private ParameterValue(double? number, string? text, bool? flag, IReadOnlyList<long>? list) => (Number, Text, Flag, List) = (number, text, flag, list);

    public double? Number { get; }

    public string? Text { get; }

    public bool? Flag { get; }

    public IReadOnlyList<long>? List { get; }

    public static ParameterValue Of(double number) => new(number, null, null, null);

    public static ParameterValue Of(string text) => new(null, text, null, null);

    public static ParameterValue Of(bool flag) => new(null, null, flag, null);

    public static ParameterValue Of(IReadOnlyList<long> list) => new(null, null, null, [.. list]);

    public static implicit operator ParameterValue(double number) => Of(number);

    public static implicit operator ParameterValue(string text) => Of(text);

    /// <summary>The value of a JSON element, or null when it is none of the four kinds.</summary>
    public static ParameterValue? TryOf(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Number when element.TryGetDouble(out var number) && double.IsFinite(number) => Of(number),
        JsonValueKind.String => Of(element.GetString()!),
        JsonValueKind.True => Of(true),
        JsonValueKind.False => Of(false),
        JsonValueKind.Array when element.EnumerateArray().All(i => i.ValueKind == JsonValueKind.Number && i.TryGetInt64(out _)) =>
            Of([.. element.EnumerateArray().Select(i => i.GetInt64())]),
        _ => null,
    };

    public bool Equals(ParameterValue? other) => other is not null && Number == other.Number && Text == other.Text && Flag == other.Flag
        && (List is null ? other.List is null : other.List is not null && List.SequenceEqual(other.List));

    public override bool Equals(object? obj) => Equals(obj as ParameterValue);

    public override int GetHashCode() => HashCode.Combine(Number, Text, Flag, List?.Count);

    /// <summary>As it is logged: numbers in invariant culture, lists with commas.</summary>
    public override string ToString() =>
        Number is { } number ? number.ToString("R", CultureInfo.InvariantCulture)
        : Text ?? (Flag is { } flag ? (flag ? "true" : "false") : string.Join(',', List!.Select(i => i.ToString(CultureInfo.InvariantCulture))));
}

internal sealed class ParameterValueConverter : JsonConverter<ParameterValue>
{
    public override ParameterValue Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using var document = JsonDocument.ParseValue(ref reader);
        return ParameterValue.TryOf(document.RootElement) ?? throw new JsonException("A parameter is a number, a text, a truth value or a list of whole numbers.");
    }

    public override void Write(Utf8JsonWriter writer, ParameterValue value, JsonSerializerOptions options)
    {
        if (value.Number is { } number)
        {
            writer.WriteNumberValue(number);
        }
        else if (value.Text is { } text)
        {
            writer.WriteStringValue(text);
        }
        else if (value.Flag is { } flag)
        {
            writer.WriteBooleanValue(flag);
        }
        else
        {
            writer.WriteStartArray();
            foreach (var item in value.List!)
            {
                writer.WriteNumberValue(item);
            }

            writer.WriteEndArray();
        }
    }
}

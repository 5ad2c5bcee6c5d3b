using System.Globalization;
using System.Text.Json;

namespace MlSystem.Training.Pipelines;

/// <summary>One thing that is wrong with a document.</summary>
/// <param name="Path">Where, as a JSON path from <c>$</c>.</param>
/// <param name="Message">What is wrong and what is allowed.</param>
public sealed record DefinitionError(string Path, string Message);

/// <summary>A JSON object being read strictly: collects every error instead of stopping at the first, and knows which keys nobody asked for.</summary>
internal sealed class Section
{
    private readonly JsonElement _element;
    private readonly List<DefinitionError> _errors;
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);

    public Section(JsonElement element, string path, List<DefinitionError> errors)
    {
        (_element, Path, _errors) = (element, path, errors);
        if (element.ValueKind != JsonValueKind.Object)
        {
            Error(null, $"must be an object, not {Describe(element)}");
        }
    }

    public string Path { get; }

    public void Error(string? key, string message) => _errors.Add(new(key is null ? Path : $"{Path}.{key}", message));

    /// <summary>The value of a key, or null when it is absent or JSON null.</summary>
    public JsonElement? Value(string key)
    {
        _known.Add(key);
        return _element.ValueKind == JsonValueKind.Object && _element.TryGetProperty(key, out var value) && value.ValueKind != JsonValueKind.Null
            ? value
            : null;
    }

    public string? Text(string key, string? otherwise = null) => Typed(key, JsonValueKind.String, "a string")?.GetString() ?? otherwise;

    public string RequiredText(string key)
    {
        var text = Text(key);
        if (string.IsNullOrWhiteSpace(text) && Value(key) is null or { ValueKind: JsonValueKind.String })
        {
            Error(key, "is required and not empty");
        }

        return text ?? "";
    }

    public string OneOf(string key, IReadOnlyCollection<string> allowed, string? otherwise = null)
    {
        var text = otherwise is null ? RequiredText(key) : Text(key, otherwise)!;
        if (text.Length > 0 && !allowed.Contains(text))
        {
            Error(key, $"must be one of {string.Join(", ", allowed)}, not '{text}'");
        }

        return text;
    }

    /// <summary>A finite number for which <paramref name="valid"/> holds.</summary>
    public double? Number(string key, Func<double, bool> valid, string allowed)
    {
        if (Typed(key, JsonValueKind.Number, "a number") is not { } value)
        {
            return null;
        }

        var number = value.GetDouble();
        if (!double.IsFinite(number) || !valid(number))
        {
            Error(key, string.Create(CultureInfo.InvariantCulture, $"must be {allowed}, not {value.GetRawText()}"));
        }

        return number;
    }

    public long? Integer(string key, long min, long max)
    {
        if (Typed(key, JsonValueKind.Number, "a whole number") is not { } value)
        {
            return null;
        }

        if (value.TryGetInt64(out var number) && number >= min && number <= max)
        {
            return number;
        }

        Error(key, string.Create(CultureInfo.InvariantCulture, $"must be a whole number from {min} to {max}, not {value.GetRawText()}"));
        return null;
    }

    public bool? Flag(string key)
    {
        if (Value(key) is not { } value)
        {
            return null;
        }

        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            return value.GetBoolean();
        }

        Error(key, $"must be true or false, not {Describe(value)}");
        return null;
    }

    public Section? Object(string key) => Value(key) is { } value ? new Section(value, $"{Path}.{key}", _errors) : null;

    public Section RequiredObject(string key)
    {
        if (Value(key) is { } value)
        {
            return new Section(value, $"{Path}.{key}", _errors);
        }

        Error(key, "is required");
        return new Section(JsonDocument.Parse("{}").RootElement, $"{Path}.{key}", []);
    }

    /// <summary>The items of an array; empty when the key is absent.</summary>
    public IReadOnlyList<(string Path, JsonElement Item)> Items(string key) => Typed(key, JsonValueKind.Array, "an array") is { } value
        ? [.. value.EnumerateArray().Select((item, i) => (string.Create(CultureInfo.InvariantCulture, $"{Path}.{key}[{i}]"), item))]
        : [];

    public IReadOnlyList<Section> Objects(string key) => [.. Items(key).Select(item => new Section(item.Item, item.Path, _errors))];

    /// <summary>A part of this document as a section that reports to the same list.</summary>
    public Section Nested(JsonElement element, string path) => new(element, path, _errors);

    public IReadOnlyList<string>? Texts(string key)
    {
        var items = Items(key);
        foreach (var (path, item) in items.Where(i => i.Item.ValueKind != JsonValueKind.String))
        {
            _errors.Add(new(path, $"must be a string, not {Describe(item)}"));
        }

        return Value(key) is null ? null : [.. items.Where(i => i.Item.ValueKind == JsonValueKind.String).Select(i => i.Item.GetString()!)];
    }

    /// <summary>All keys of the object, each now known.</summary>
    public IReadOnlyList<string> Keys()
    {
        string[] keys = _element.ValueKind == JsonValueKind.Object ? [.. _element.EnumerateObject().Select(p => p.Name)] : [];
        _known.UnionWith(keys);
        return keys;
    }

    /// <summary>Reports keys that were never asked for. Call when everything was read.</summary>
    public void RefuseUnknown()
    {
        if (_element.ValueKind != JsonValueKind.Object)
        {
            return;
        }

        foreach (var property in _element.EnumerateObject().Where(p => !_known.Contains(p.Name)))
        {
            Error(property.Name, $"is not known here; known are {string.Join(", ", _known.Order(StringComparer.Ordinal))}");
        }
    }

    private JsonElement? Typed(string key, JsonValueKind kind, string what)
    {
        if (Value(key) is not { } value)
        {
            return null;
        }

        if (value.ValueKind == kind)
        {
            return value;
        }

        Error(key, $"must be {what}, not {Describe(value)}");
        return null;
    }

    private static string Describe(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String => "a string",
        JsonValueKind.Number => "a number",
        JsonValueKind.True or JsonValueKind.False => "a boolean",
        _ => "null",
    };
}

namespace MlSystem.Registry.Serving;

/// <summary>Violations by field.</summary>
internal sealed class Errors
{
    private readonly SortedDictionary<string, List<string>> _byField = new(StringComparer.Ordinal);

    public bool Any => _byField.Count > 0;

    public void Add(string field, string message)
    {
        if (!_byField.TryGetValue(field, out var messages))
        {
            _byField[field] = messages = [];
        }

        messages.Add(message);
    }

    public void AddIf(bool violated, string field, string message)
    {
        if (violated)
        {
            Add(field, message);
        }
    }

    public void AddAll(Errors others)
    {
        foreach (var (field, messages) in others._byField)
        {
            messages.ForEach(message => Add(field, message));
        }
    }

    public void AtLeast(string field, long? value, long min) => AddIf(value < min, field, $"it is {value}; it must be at least {min}");

    public void OneOf(string field, string? value, params ReadOnlySpan<string> allowed) =>
        AddIf(!allowed.Contains(value), field, $"'{value}' is unknown; allowed are {string.Join(", ", allowed.ToArray().Select(name => $"'{name}'"))}");

    public Dictionary<string, string[]> ToDictionary() => _byField.ToDictionary(e => e.Key, e => e.Value.ToArray(), StringComparer.Ordinal);
}

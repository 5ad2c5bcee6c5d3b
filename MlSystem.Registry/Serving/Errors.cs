namespace MlSystem.Registry.Serving;

/// <summary>Violations by field.</summary>
internal sealed class Errors
{
    private const int MaxSummarized = 5;
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

    /// <param name="renamed">Fields that have another name where these mistakes are told, with what is below them.</param>
    public void AddAll(Errors others, params ReadOnlySpan<(string From, string To)> renamed)
    {
        foreach (var (field, messages) in others._byField)
        {
            var name = field;
            foreach (var (from, to) in renamed)
            {
                name = field == from || field.StartsWith(from + "[", StringComparison.Ordinal) ? to + field[from.Length..] : name;
            }

            messages.ForEach(message => Add(name, message));
        }
    }

    public void AtLeast(string field, long? value, long min) => AddIf(value < min, field, $"it is {value}; it must be at least {min}");

    public void OneOf(string field, string? value, params ReadOnlySpan<string> allowed) =>
        AddIf(!allowed.Contains(value), field, $"'{value}' is unknown; allowed are {string.Join(", ", allowed.ToArray().Select(name => $"'{name}'"))}");

    /// <summary>The first mistakes in one line, as <c>variants[0].version: it is 0; versions begin at 1</c>.</summary>
    public string Summary()
    {
        var all = _byField.SelectMany(field => field.Value.Select(message => $"{field.Key}: {message}")).ToList();
        return string.Join(" | ", all.Take(MaxSummarized)) + (all.Count > MaxSummarized ? $" | and {all.Count - MaxSummarized} more, see 'errors'" : "");
    }

    public Dictionary<string, string[]> ToDictionary() => _byField.ToDictionary(e => e.Key, e => e.Value.ToArray(), StringComparer.Ordinal);
}

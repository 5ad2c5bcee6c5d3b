namespace MlSystem.FeatureStore.PointInTime.Entities;

/// <summary>Everything that is wrong with the entity rows of a request.</summary>
internal sealed class EntityMistakes(HistoricalRequest request)
{
    private readonly Dictionary<string, List<string>> _mistakes = new(StringComparer.Ordinal);

    public void Add(string column, params IEnumerable<string> messages)
    {
        if (!_mistakes.TryGetValue(column, out var list))
        {
            _mistakes[column] = list = [];
        }

        list.AddRange(messages);
    }

    public bool Any(string column) => _mistakes.ContainsKey(column);

    public void CheckColumns(IReadOnlyList<string> columns)
    {
        foreach (var required in request.JoinKeys.Concat(request.RequestColumns).Select(column => column.Name).Append(request.EventTimestampColumn).Except(columns, StringComparer.Ordinal))
        {
            Add(required, "The column is missing.");
        }

        foreach (var group in columns.GroupBy(column => column, StringComparer.OrdinalIgnoreCase))
        {
            if (group.Count() > 1)
            {
                Add(group.Key, "The column is there twice (upper and lower case count as the same).");
            }
            else if (group.Key.StartsWith("__", StringComparison.Ordinal))
            {
                Add(group.Key, "Column names that begin with __ are reserved.");
            }
            else if (request.Outputs.Contains(group.Key, StringComparer.OrdinalIgnoreCase))
            {
                Add(group.Key, "A feature has the same name.");
            }
        }
    }

    /// <exception cref="HistoricalRefusedException">422.</exception>
    public void ThrowIfAny()
    {
        if (_mistakes.Count > 0)
        {
            throw new HistoricalRefusedException(
                StatusCodes.Status422UnprocessableEntity,
                _mistakes.ToDictionary(mistake => $"entity_df.{mistake.Key}", mistake => mistake.Value.ToArray(), StringComparer.Ordinal));
        }
    }
}

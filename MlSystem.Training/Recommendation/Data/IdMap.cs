using System.Globalization;
using MlSystem.Training.Tabular;

namespace MlSystem.Training.Recommendation.Data;

/// <summary>
/// Ids and their positions 0, 1, 2 … in an order that doesn't depend on the order of the data: by value when all ids are whole numbers in plain
/// digits, otherwise ordinal. So "the smaller id" of a tie is the smaller position.
/// </summary>
public sealed class IdMap
{
    private readonly Dictionary<string, int> _positions;

    private IdMap(string[] ids, bool numbers)
    {
        Ids = ids;
        AreNumbers = numbers;
        _positions = new Dictionary<string, int>(ids.Length, StringComparer.Ordinal);
        for (var i = 0; i < ids.Length; i++)
        {
            _positions.Add(ids[i], i);
        }
    }

    /// <summary>By position.</summary>
    public IReadOnlyList<string> Ids { get; }

    public int Count => Ids.Count;

    /// <summary>Whether every id is a whole number of 64 bits without sign of plus, spaces or leading zeros.</summary>
    public bool AreNumbers { get; }

    /// <summary>The map of all distinct ids.</summary>
    /// <param name="column">For the error.</param>
    /// <exception cref="TrainingDataException">An id is empty.</exception>
    public static IdMap Of(IEnumerable<string> ids, string column = "id")
    {
        var distinct = new HashSet<string>(ids, StringComparer.Ordinal);
        if (distinct.Contains(""))
        {
            throw new TrainingDataException(column, "an id is empty");
        }

        var numbers = distinct.All(IsNumber);
        string[] ordered = numbers
            ? [.. distinct.OrderBy(id => long.Parse(id, CultureInfo.InvariantCulture))]
            : [.. distinct.Order(StringComparer.Ordinal)];
        return new IdMap(ordered, numbers);
    }

    /// <summary>The position of an id; -1 of one that training hasn't seen.</summary>
    public int Find(string id) => _positions.GetValueOrDefault(id, -1);

    private static bool IsNumber(string id) =>
        long.TryParse(id, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value.ToString(CultureInfo.InvariantCulture) == id;
}

using System.Globalization;

namespace MlSystem.Training.Tabular;

/// <summary>
/// Rows of a <see cref="TabularSchema"/>, column by column. A missing number is NaN, a missing category the
/// empty string. Labels are class names for classification and finite numbers for regression, or absent.
/// </summary>
public sealed class TabularFrame
{
    private readonly IReadOnlyDictionary<string, float[]> _numeric;
    private readonly IReadOnlyDictionary<string, string[]> _text;

    /// <exception cref="TrainingDataException">A column is absent or has another number of rows.</exception>
    public TabularFrame(
        TabularSchema schema,
        IReadOnlyDictionary<string, float[]> numeric,
        IReadOnlyDictionary<string, string[]> text,
        IReadOnlyList<string>? labels = null,
        IReadOnlyList<float>? targets = null)
    {
        ArgumentNullException.ThrowIfNull(schema);
        schema.Validate();
        Schema = schema;
        _numeric = numeric;
        _text = text;
        Labels = labels;
        Targets = targets;
        Rows = Length(schema.Columns[0]);
        foreach (var column in schema.Columns)
        {
            if (Length(column) is var length && length != Rows)
            {
                throw new TrainingDataException(column.Name, $"has {length} rows, '{schema.Columns[0].Name}' has {Rows}");
            }
        }

        if ((labels?.Count ?? Rows) != Rows || (targets?.Count ?? Rows) != Rows)
        {
            throw new TrainingDataException(null, $"there are {labels?.Count ?? targets!.Count} labels for {Rows} rows");
        }
    }

    public TabularSchema Schema { get; }

    public int Rows { get; }

    /// <summary>Class labels, one a row; of classification only.</summary>
    public IReadOnlyList<string>? Labels { get; }

    /// <summary>Target values, one a row; of regression only.</summary>
    public IReadOnlyList<float>? Targets { get; }

    /// <summary>Values of a numeric column, NaN where missing.</summary>
    public float[] Numeric(string column) => _numeric[column];

    /// <summary>Values of a categorical column, empty where missing.</summary>
    public string[] Text(string column) => _text[column];

    /// <summary>
    /// Reads columns as they stand in a CSV file: null or empty is missing, numbers are in invariant culture,
    /// <c>true</c> and <c>false</c> are 1 and 0.
    /// </summary>
    /// <param name="columns">Column name to its cells; further columns are ignored.</param>
    /// <param name="labelColumn">Where the label stands; null when there is none.</param>
    /// <exception cref="TrainingDataException">A column is absent, or a numeric column has text: names column, row (from 1) and value.</exception>
    public static TabularFrame Parse(TabularSchema schema, IReadOnlyDictionary<string, IReadOnlyList<string?>> columns, string? labelColumn)
    {
        ArgumentNullException.ThrowIfNull(schema);
        ArgumentNullException.ThrowIfNull(columns);
        var numeric = new Dictionary<string, float[]>(StringComparer.Ordinal);
        var text = new Dictionary<string, string[]>(StringComparer.Ordinal);
        foreach (var column in schema.Columns)
        {
            if (column.Kind == TabularColumnKind.Numeric)
            {
                numeric[column.Name] = Numbers(column.Name, Cells(columns, column.Name));
            }
            else
            {
                text[column.Name] = [.. Cells(columns, column.Name).Select(c => c ?? "")];
            }
        }

        return labelColumn is null ? new TabularFrame(schema, numeric, text)
            : schema.IsClassification ? new TabularFrame(schema, numeric, text, labels: [.. Cells(columns, labelColumn).Select(c => c ?? "")])
            : new TabularFrame(schema, numeric, text, targets: Numbers(labelColumn, Cells(columns, labelColumn)));
    }

    /// <summary>The given rows, in the given order.</summary>
    public TabularFrame Select(IReadOnlyList<int> rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        return new TabularFrame(
            Schema,
            _numeric.ToDictionary(c => c.Key, c => Pick(c.Value, rows), StringComparer.Ordinal),
            _text.ToDictionary(c => c.Key, c => Pick(c.Value, rows), StringComparer.Ordinal),
            Labels is null ? null : Pick(Labels, rows),
            Targets is null ? null : Pick(Targets, rows));
    }

    private int Length(TabularColumn column) => column.Kind == TabularColumnKind.Numeric
        ? (_numeric.GetValueOrDefault(column.Name) ?? throw Absent(column.Name)).Length
        : (_text.GetValueOrDefault(column.Name) ?? throw Absent(column.Name)).Length;

    private static T[] Pick<T>(IReadOnlyList<T> values, IReadOnlyList<int> rows) => [.. rows.Select(r => values[r])];

    private static IReadOnlyList<string?> Cells(IReadOnlyDictionary<string, IReadOnlyList<string?>> columns, string name) =>
        columns.TryGetValue(name, out var cells) ? cells : throw Absent(name);

    private static TrainingDataException Absent(string column) => new(column, "is not in the data");

    private static float[] Numbers(string column, IReadOnlyList<string?> cells)
    {
        var numbers = new float[cells.Count];
        for (var row = 0; row < numbers.Length; row++)
        {
            numbers[row] = Number(cells[row]) is { } number
                ? number
                : throw new TrainingDataException(column, $"is numeric, but row {row + 1} holds the text '{cells[row]}'");
        }

        return numbers;
    }

    private static float? Number(string? cell)
    {
        if (string.IsNullOrWhiteSpace(cell))
        {
            return float.NaN;
        }

        if (bool.TryParse(cell, out var flag))
        {
            return flag ? 1 : 0;
        }

        return float.TryParse(cell, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null;
    }
}

using System.Globalization;

namespace MlSystem.Training.Data;

/// <summary>Named text columns of one length: rows as they travel between the steps. An empty cell is a missing value.</summary>
public sealed class RowTable
{
    private readonly Dictionary<string, string[]> _columns;

    /// <exception cref="ArgumentException">Columns have different lengths.</exception>
    public RowTable(IReadOnlyList<(string Name, string[] Cells)> columns)
    {
        Names = [.. columns.Select(c => c.Name)];
        _columns = columns.ToDictionary(c => c.Name, c => c.Cells, StringComparer.Ordinal);
        Rows = columns.Count == 0 ? 0 : columns[0].Cells.Length;
        if (_columns.Values.Any(c => c.Length != Rows))
        {
            throw new ArgumentException("All columns must have the same number of rows.", nameof(columns));
        }
    }

    /// <summary>In the order of the columns.</summary>
    public IReadOnlyList<string> Names { get; }

    public int Rows { get; }

    public string[] this[string column] => _columns[column];

    public bool Has(string column) => _columns.ContainsKey(column);

    /// <summary>Reads CSV with a header row (RFC 4180).</summary>
    /// <exception cref="RowTableException">A line has another number of fields than the header, or the text is not CSV.</exception>
    public static RowTable ReadCsv(TextReader text)
    {
        using var records = Csv.Read(text).GetEnumerator();
        if (!records.MoveNext())
        {
            throw new RowTableException(1, "there is no header");
        }

        var names = records.Current.Fields;
        if (names.Distinct(StringComparer.Ordinal).Count() != names.Count)
        {
            throw new RowTableException(1, "the header names a column twice");
        }

        var cells = names.ConvertAll(_ => new List<string>());
        while (records.MoveNext())
        {
            var (line, fields) = records.Current;
            if (fields.Count != names.Count)
            {
                throw new RowTableException(line, $"has {fields.Count} fields, the header has {names.Count}");
            }

            for (var column = 0; column < names.Count; column++)
            {
                cells[column].Add(fields[column]);
            }
        }

        return new RowTable([.. names.Select((name, i) => (name, cells[i].ToArray()))]);
    }

    public static RowTable ReadCsvFile(string path)
    {
        using var reader = new StreamReader(path);
        return ReadCsv(reader);
    }

    /// <summary>Writes CSV with <c>\n</c> line ends; the same table always gives the same text.</summary>
    public void WriteCsv(TextWriter text)
    {
        Csv.Write(text, Names);
        var columns = Names.Select(n => _columns[n]).ToArray();
        for (var row = 0; row < Rows; row++)
        {
            Csv.Write(text, columns.Select(column => column[row]));
        }
    }

    public void WriteCsvFile(string path)
    {
        using var writer = new StreamWriter(path);
        WriteCsv(writer);
    }

    /// <summary>The given rows, in the given order.</summary>
    public RowTable Select(IReadOnlyList<int> rows) => new([.. Names.Select(name => (name, rows.Select(r => _columns[name][r]).ToArray()))]);

    /// <summary>The table without some of its columns.</summary>
    public RowTable Without(IReadOnlyCollection<string> columns) => new([.. Names.Where(n => !columns.Contains(n)).Select(n => (n, _columns[n]))]);
}

/// <summary>Text that is no table.</summary>
/// <param name="line">From 1.</param>
public sealed class RowTableException(int line, string reason) : Exception(string.Create(CultureInfo.InvariantCulture, $"Line {line}: {reason}."));

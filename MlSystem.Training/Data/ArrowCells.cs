using System.Globalization;
using Apache.Arrow;

namespace MlSystem.Training.Data;

/// <summary>Values of an Arrow column in the one text form of <see cref="Cells"/>.</summary>
internal static class ArrowCells
{
    /// <summary>Appends a column's cells; null and NaN are missing.</summary>
    /// <exception cref="FormatException">The column is of a type that no feature has.</exception>
    public static void Append(IArrowArray array, List<string> cells)
    {
        switch (array)
        {
            case BooleanArray values:
                Append(values.Length, cells, i => values.GetValue(i) switch { true => "1", false => "0", _ => "" });
                break;
            case Int32Array values:
                Append(values.Length, cells, i => values.GetValue(i)?.ToString(CultureInfo.InvariantCulture) ?? "");
                break;
            case Int64Array values:
                Append(values.Length, cells, i => values.GetValue(i)?.ToString(CultureInfo.InvariantCulture) ?? "");
                break;
            case FloatArray values:
                Append(values.Length, cells, i => values.GetValue(i) is { } number && !float.IsNaN(number) ? number.ToString("R", CultureInfo.InvariantCulture) : "");
                break;
            case DoubleArray values:
                Append(values.Length, cells, i => values.GetValue(i) is { } number && !double.IsNaN(number) ? number.ToString("R", CultureInfo.InvariantCulture) : "");
                break;
            case StringArray values:
                Append(values.Length, cells, i => values.GetString(i) ?? "");
                break;
            case TimestampArray values:
                Append(values.Length, cells, i => values.GetTimestamp(i) is { } time ? Cells.Time(time) : "");
                break;
            default:
                throw new FormatException($"a column of {array.Data.DataType.Name}");
        }
    }

    private static void Append(int rows, List<string> cells, Func<int, string> cell)
    {
        for (var i = 0; i < rows; i++)
        {
            cells.Add(cell(i));
        }
    }
}

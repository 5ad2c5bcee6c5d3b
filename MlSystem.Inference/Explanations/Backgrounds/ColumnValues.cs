using System.Text;
using MlSystem.Contracts;
using MlSystem.Inference.Explanations.Rows;
using MlSystem.Inference.Explanations.Sampling;

namespace MlSystem.Inference.Explanations.Backgrounds;

/// <summary>Values that a column has, with the share of rows that have each; shares sum to 1.</summary>
internal sealed class ColumnValues
{
    private readonly double[] _upTo;

    private ColumnValues(double[] numbers, byte[][] texts, double[] shares)
    {
        Numbers = numbers;
        Texts = texts;
        var sum = shares.Sum();
        Shares = [.. shares.Select(share => share / sum)];
        _upTo = new double[shares.Length];
        var upTo = 0.0;
        for (var i = 0; i < shares.Length; i++)
        {
            _upTo[i] = upTo += Shares[i];
        }
    }

    /// <summary>NaN for a missing value; empty for a column of text.</summary>
    public double[] Numbers { get; }

    /// <summary>Empty for a missing value; no elements for a column of numbers.</summary>
    public byte[][] Texts { get; }

    public double[] Shares { get; }

    /// <summary>Reads a column's baseline; null when it has no values.</summary>
    /// <param name="input">The input that the values are for: where it can't be missing, missing ones are left out.</param>
    public static ColumnValues? Of(ColumnBaseline column, RawInput input)
    {
        var missing = input.Info.Nullable && Tensors.Datatypes.CanBeMissing(input.Info.Datatype) ? column.Missing : 0;
        if (input.IsText)
        {
            var counts = column.Categorical?.Counts.Where(c => c.Value > 0).OrderBy(c => c.Key, StringComparer.Ordinal).ToList() ?? [];
            return counts.Count + missing == 0 ? null : new ColumnValues(
                [], [.. counts.Select(c => Encoding.UTF8.GetBytes(c.Key)), .. missing > 0 ? (byte[][])[[]] : []], [.. counts.Select(c => (double)c.Value), .. missing > 0 ? (double[])[missing] : []]);
        }

        if (column.Numeric is not { } numeric)
        {
            return null;
        }

        var values = Values(numeric);
        var bins = numeric.BinCounts.Index().Where(bin => bin.Item > 0).ToList();
        return new ColumnValues([.. bins.Select(bin => values[bin.Index]), .. missing > 0 ? (double[])[double.NaN] : []], [], [.. bins.Select(bin => (double)bin.Item), .. missing > 0 ? (double[])[missing] : []]);
    }

    /// <summary>The values that stand in some rows, each with an equal share.</summary>
    public static ColumnValues Of(RawTable rows, RawColumn column)
    {
        var input = column.In(rows);
        var shares = Enumerable.Repeat(1.0, rows.Rows).ToArray();
        return input.IsText
            ? new ColumnValues([], [.. Enumerable.Range(0, rows.Rows).Select(row => input.Text(row, column.Element).ToArray())], shares)
            : new ColumnValues([.. Enumerable.Range(0, rows.Rows).Select(row => input.Number(row, column.Element))], [], shares);
    }

    public int Draw(SeededRandom random)
    {
        var found = Array.BinarySearch(_upTo, random.NextDouble());
        return Math.Min(found >= 0 ? found + 1 : ~found, _upTo.Length - 1);
    }

    /// <summary>Puts one of the values into a cell.</summary>
    public void Store(int value, RawTable table, int row, RawColumn column)
    {
        if (column.In(table).IsText)
        {
            column.In(table).SetText(row, column.Element, Texts[value]);
        }
        else
        {
            column.In(table).SetNumber(row, column.Element, Numbers[value]);
        }
    }

    /// <summary>
    /// One value for each bin: its middle. Where few values occur a baseline has them in bins of their own, with edges half-way between
    /// them; then the values follow from the edges: v₀ = e₀, vᵢ = 2·eᵢ − vᵢ₋₁, and the last one is the last edge.
    /// </summary>
    private static double[] Values(NumericBaseline numeric)
    {
        var edges = numeric.BinEdges;
        var count = numeric.BinCounts.Count;
        var values = new double[count];
        values[0] = edges[0];
        var distinct = true;
        for (var i = 1; i < count && distinct; i++)
        {
            values[i] = (2 * edges[i]) - values[i - 1];
            distinct = values[i] > edges[i];
        }

        return distinct && Math.Abs(values[count - 1] - edges[count]) <= 1e-9 * Math.Max(1, Math.Abs(edges[count]))
            ? values
            : [.. Enumerable.Range(0, count).Select(i => edges[i] + ((edges[i + 1] - edges[i]) / 2))];
    }
}

namespace MlSystem.Training.Recommendation.Data;

/// <summary>Compressed sparse rows; the columns of a row ascend.</summary>
/// <param name="Offsets">Where row r begins in the two other arrays; rows + 1 entries.</param>
public sealed record SparseMatrix(int Rows, int Columns, int[] Offsets, int[] Indices, float[] Values)
{
    public int Count => Indices.Length;

    public SparseRow this[int row] => new(
        Indices.AsSpan(Offsets[row], Offsets[row + 1] - Offsets[row]), Values.AsSpan(Offsets[row], Offsets[row + 1] - Offsets[row]));

    /// <summary>Entries of a row.</summary>
    public int CountOf(int row) => Offsets[row + 1] - Offsets[row];

    /// <summary>The same cells with rows and columns exchanged.</summary>
    public SparseMatrix Transpose()
    {
        var offsets = new int[Columns + 1];
        foreach (var column in Indices)
        {
            offsets[column + 1]++;
        }

        for (var c = 0; c < Columns; c++)
        {
            offsets[c + 1] += offsets[c];
        }

        var next = offsets.AsSpan(0, Columns).ToArray();
        var (indices, values) = (new int[Count], new float[Count]);
        for (var row = 0; row < Rows; row++)
        {
            for (var at = Offsets[row]; at < Offsets[row + 1]; at++)
            {
                var to = next[Indices[at]]++;
                indices[to] = row;
                values[to] = Values[at];
            }
        }

        return new SparseMatrix(Columns, Rows, offsets, indices, values);
    }

    /// <summary>The same pattern with other values.</summary>
    public SparseMatrix WithValues(float[] values) => this with { Values = values };
}

/// <summary>The entries of one row: as a user's history, the items and what was given to each.</summary>
public readonly ref struct SparseRow(ReadOnlySpan<int> indices, ReadOnlySpan<float> values)
{
    public ReadOnlySpan<int> Indices { get; } = indices;

    public ReadOnlySpan<float> Values { get; } = values;

    public int Count => Indices.Length;
}

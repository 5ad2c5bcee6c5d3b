using MlSystem.Training.Tabular.Features;

namespace MlSystem.Training.Tabular.LightGbm;

/// <summary>Some rows in compressed sparse form: of the category indicators only the one that is set.</summary>
internal sealed class SparseBlock(FeatureRows features, int rows)
{
    private readonly float[] _dense = new float[features.DenseWidth * Math.Min(rows, features.Rows)];

    public int[] Starts { get; } = new int[rows + 1];

    public int[] Columns { get; } = new int[rows * (features.DenseWidth + features.CodeColumns)];

    public float[] Values { get; } = new float[rows * (features.DenseWidth + features.CodeColumns)];

    public int Rows { get; private set; }

    /// <summary>Elements in use.</summary>
    public int Count { get; private set; }

    public void Fill(int start, int count)
    {
        var width = features.DenseWidth;
        features.FillDense(start, count, _dense.AsSpan(0, count * width));
        Count = 0;
        Rows = count;
        for (var row = 0; row < count; row++)
        {
            Starts[row] = Count;
            for (var c = 0; c < width; c++)
            {
                Add(c, _dense[(row * width) + c]);
            }

            for (var c = 0; c < features.CodeColumns; c++)
            {
                if (features.Code(c, start + row) is >= 0 and var position)
                {
                    Add(position, 1);
                }
            }
        }

        Starts[count] = Count;
    }

    private void Add(int column, float value)
    {
        if (value != 0)
        {
            Columns[Count] = column;
            Values[Count++] = value;
        }
    }
}

using MlSystem.Training.Tabular.Preprocessing;

namespace MlSystem.Training.Tabular.Features;

/// <summary>
/// Rows of features, made from the raw columns block by block when they are asked for. The first
/// <see cref="DenseWidth"/> features are numbers; of the rest, each categorical column sets at most one to 1.
/// </summary>
internal sealed class FeatureRows
{
    private readonly TabularPreprocessor _preprocessor;
    private readonly TabularFrame _frame;
    private readonly int[][] _codes;
    private readonly int[]? _rows;

    internal FeatureRows(TabularPreprocessor preprocessor, TabularFrame frame)
        : this(preprocessor, frame, preprocessor.Codes(frame), null)
    {
    }

    private FeatureRows(TabularPreprocessor preprocessor, TabularFrame frame, int[][] codes, int[]? rows) =>
        (_preprocessor, _frame, _codes, _rows) = (preprocessor, frame, codes, rows);

    public int Rows => _rows?.Length ?? _frame.Rows;

    public int Width => _preprocessor.Features;

    public int DenseWidth => _preprocessor.DenseFeatures;

    public int CodeColumns => _codes.Length;

    public IReadOnlyList<string> Names => _preprocessor.FeatureNames;

    /// <summary>The feature that a categorical column sets in a row; -1: none, the category is unseen.</summary>
    public int Code(int column, int row) => _codes[column][_rows is null ? row : _rows[row]];

    /// <summary>All features of some rows, row-major.</summary>
    public void Fill(int start, int count, Span<float> values)
    {
        values.Clear();
        Numbers(start, count, values, Width);
        for (var column = 0; column < _codes.Length; column++)
        {
            for (var row = 0; row < count; row++)
            {
                if (Code(column, start + row) is >= 0 and var position)
                {
                    values[(row * Width) + position] = 1;
                }
            }
        }
    }

    /// <summary>The numbers alone, rows × <see cref="DenseWidth"/>.</summary>
    public void FillDense(int start, int count, Span<float> values) => Numbers(start, count, values, DenseWidth);

    /// <summary>All features of all rows, row-major.</summary>
    public float[] ToMatrix()
    {
        var matrix = new float[Rows * Width];
        Fill(0, Rows, matrix);
        return matrix;
    }

    public FeatureRows Select(int[] rows) =>
        new(_preprocessor, _frame, _codes, _rows is null ? rows : [.. rows.Select(r => _rows[r])]);

    private void Numbers(int start, int count, Span<float> values, int stride) =>
        _preprocessor.Numbers(_frame, _rows, start, count, values, stride);
}

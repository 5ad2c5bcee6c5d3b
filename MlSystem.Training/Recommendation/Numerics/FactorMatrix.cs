using System.Numerics.Tensors;

namespace MlSystem.Training.Recommendation.Numerics;

/// <summary>A dense matrix, row after row: one row of factors a user or an item.</summary>
public sealed class FactorMatrix
{
    public FactorMatrix(int rows, int width)
        : this(rows, width, new float[checked(rows * width)])
    {
    }

    public FactorMatrix(int rows, int width, float[] values)
    {
        if (values.Length != rows * width)
        {
            throw new ArgumentException($"{rows} × {width} factors need {rows * width} values, got {values.Length}.", nameof(values));
        }

        (Rows, Width, Values) = (rows, width, values);
    }

    public int Rows { get; }

    public int Width { get; }

    public float[] Values { get; }

    public Span<float> this[int row] => Values.AsSpan(row * Width, Width);

    /// <summary>Gaussian numbers of mean 0.</summary>
    public static FactorMatrix Random(int rows, int width, float deviation, ulong seed)
    {
        var random = new SplitMix64(seed);
        var matrix = new FactorMatrix(rows, width);
        for (var i = 0; i < matrix.Values.Length; i++)
        {
            matrix.Values[i] = deviation * random.NextGaussian();
        }

        return matrix;
    }

    public FactorMatrix Copy() => new(Rows, Width, [.. Values]);

    /// <summary>Scores of all rows for one vector.</summary>
    public void Multiply(ReadOnlySpan<float> vector, Span<float> scores)
    {
        for (var row = 0; row < Rows; row++)
        {
            scores[row] = TensorPrimitives.Dot(this[row], vector);
        }
    }

    /// <exception cref="DivergenceException">A value isn't finite.</exception>
    public void ThrowIfNotFinite(string step, int epoch, string matrix)
    {
        // One sum finds every NaN and every infinity (an infinity of each sign gives NaN).
        if (!float.IsFinite(TensorPrimitives.Sum<float>(Values)))
        {
            throw new DivergenceException(step, epoch, matrix);
        }
    }
}

/// <summary>Training ran away: a value became infinite or not a number.</summary>
/// <param name="step">The algorithm.</param>
/// <param name="epoch">From 1.</param>
public sealed class DivergenceException(string step, int epoch, string matrix)
    : Exception($"{step}, epoch {epoch}: {matrix} have values that are not finite. A smaller learning rate or more regularisation helps; very large values in the data do this, too.")
{
    public string Step { get; } = step;

    public int Epoch { get; } = epoch;

    public string Matrix { get; } = matrix;
}

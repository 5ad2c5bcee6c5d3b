using System.Numerics;
using System.Numerics.Tensors;

namespace MlSystem.Training.Recommendation.Numerics;

/// <summary>
/// Solves <c>(D + Σ w_j y_j y_jᵀ) x = Σ t_j y_j</c> with a positive diagonal D for one user or item after the other, reusing its buffers. With few
/// y_j it solves in their number (Woodbury's identity), with many in the width of the factors (Cholesky); w_j must be positive.
/// Not for several threads at once.
/// </summary>
internal sealed class RidgeSolver
{
    private readonly int _width;
    private readonly int _stride;
    private readonly float[] _diagonal;
    private readonly float[] _right;
    private readonly float[] _matrix;
    private readonly float[] _small;
    private float[] _rows;
    private float[] _weights;
    private int _count;

    public RidgeSolver(int width)
    {
        _width = width;
        _stride = (width + Vector<float>.Count - 1) / Vector<float>.Count * Vector<float>.Count;
        (_diagonal, _right, _small) = (new float[_stride], new float[_stride], new float[_stride]);
        _matrix = new float[_stride * _stride];
        (_rows, _weights) = (new float[64 * _stride], new float[64]);
    }

    /// <summary>Begins a system whose D is <paramref name="diagonal"/> + <paramref name="lambda"/>.</summary>
    /// <param name="count">How many y_j will be added.</param>
    public void Begin(ReadOnlySpan<float> diagonal, float lambda, int count)
    {
        TensorPrimitives.Add(diagonal, lambda, _diagonal.AsSpan(0, _width));
        Array.Clear(_right);
        _count = 0;
        var padded = count + 3;
        if (_weights.Length < padded)
        {
            (_rows, _weights) = (new float[padded * 2 * _stride], new float[padded * 2]);
        }
    }

    public void Add(ReadOnlySpan<float> y, float weight, float target)
    {
        y.CopyTo(_rows.AsSpan(_count * _stride));
        _weights[_count++] = weight;
        TensorPrimitives.MultiplyAdd(y, target, _right.AsSpan(0, _width), _right.AsSpan(0, _width));
    }

    public void Solve(Span<float> x)
    {
        if (_count * 2 < _width)
        {
            SolveByRows(x);
        }
        else
        {
            SolveByWidth(x);
        }
    }

    /// <summary>x = D⁻¹ (b - Yᵀ K⁻¹ Y D⁻¹ b) with K = W⁻¹ + Y D⁻¹ Yᵀ, of the size of the history.</summary>
    private void SolveByRows(Span<float> x)
    {
        var n = _count;
        Span<float> scaled = stackalloc float[_width];
        TensorPrimitives.Divide(_right.AsSpan(0, _width), _diagonal.AsSpan(0, _width), x);
        for (var i = 0; i < n; i++)
        {
            TensorPrimitives.Divide(Row(i), _diagonal.AsSpan(0, _width), scaled);
            for (var j = 0; j <= i; j++)
            {
                _matrix[(i * _stride) + j] = TensorPrimitives.Dot(scaled, Row(j));
            }

            _matrix[(i * _stride) + i] += 1 / _weights[i];
            _small[i] = TensorPrimitives.Dot(Row(i), x);
        }

        Cholesky.Solve(_matrix, _stride, _small.AsSpan(0, n));
        var correction = scaled;
        correction.Clear();
        for (var i = 0; i < n; i++)
        {
            TensorPrimitives.MultiplyAdd(Row(i), _small[i], correction, correction);
        }

        TensorPrimitives.Divide(correction, _diagonal.AsSpan(0, _width), correction);
        TensorPrimitives.Subtract(x, correction, x);
    }

    private void SolveByWidth(Span<float> x)
    {
        Array.Clear(_matrix);
        for (var i = 0; i < _width; i++)
        {
            _matrix[(i * _stride) + i] = _diagonal[i];
        }

        // Four rows at a time: three more multiplications for each load and store of the matrix. Missing rows count nothing.
        for (var pad = _count; pad % 4 != 0; pad++)
        {
            _weights[pad] = 0;
            _rows.AsSpan(pad * _stride, _stride).Clear();
        }

        for (var j = 0; j < _count; j += 4)
        {
            AddOuterProducts(_rows.AsSpan(j * _stride, 4 * _stride), _weights.AsSpan(j, 4));
        }

        _right.AsSpan(0, _width).CopyTo(x);
        Cholesky.Solve(_matrix, _stride, x);
    }

    /// <summary>Adds to the lower triangle (and to the rest of the vectors that reach into the upper one, which nobody reads).</summary>
    private void AddOuterProducts(ReadOnlySpan<float> rows, ReadOnlySpan<float> weights)
    {
        ReadOnlySpan<float> a = rows[.._stride], b = rows.Slice(_stride, _stride), c = rows.Slice(2 * _stride, _stride), d = rows.Slice(3 * _stride, _stride);
        for (var i = 0; i < _width; i++)
        {
            var target = _matrix.AsSpan(i * _stride, _stride);
            var (sa, sb) = (new Vector<float>(weights[0] * a[i]), new Vector<float>(weights[1] * b[i]));
            var (sc, sd) = (new Vector<float>(weights[2] * c[i]), new Vector<float>(weights[3] * d[i]));
            for (var at = 0; at <= i; at += Vector<float>.Count)
            {
                var sum = new Vector<float>(target[at..]);
                sum = Vector.FusedMultiplyAdd(sa, new Vector<float>(a[at..]), sum);
                sum = Vector.FusedMultiplyAdd(sb, new Vector<float>(b[at..]), sum);
                sum = Vector.FusedMultiplyAdd(sc, new Vector<float>(c[at..]), sum);
                sum = Vector.FusedMultiplyAdd(sd, new Vector<float>(d[at..]), sum);
                sum.CopyTo(target[at..]);
            }
        }
    }

    private ReadOnlySpan<float> Row(int i) => _rows.AsSpan(i * _stride, _width);
}

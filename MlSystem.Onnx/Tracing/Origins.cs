namespace MlSystem.Onnx;

/// <summary>
/// For each element of a value, apart from the batch dimension, the one element of the graph's inputs that it depends on. The batch
/// dimension stands as a leading 1, so that shapes broadcast as the values do.
/// </summary>
/// <param name="Dims">Dimensions, the batch's being 1.</param>
/// <param name="Ids">Row-major: a position among the inputs' elements, <see cref="Nothing"/> or <see cref="Several"/>.</param>
/// <param name="HasRows">Whether the leading dimension counts rows; false for what is made of constants only.</param>
internal sealed record Origins(int[] Dims, int[] Ids, bool HasRows)
{
    /// <summary>Depends on constants only.</summary>
    public const int Nothing = -1;

    /// <summary>Depends on more than one element.</summary>
    public const int Several = -2;

    public int Rank => Dims.Length;

    public static Origins Constant(IEnumerable<long> dims)
    {
        var shape = dims.Select(d => checked((int)d)).ToArray();
        return new Origins(shape, Filled(Count(shape), Nothing), HasRows: false);
    }

    public static int Count(IEnumerable<int> dims) => dims.Aggregate(1, (product, dim) => checked(product * dim));

    public static int Union(int left, int right) =>
        left == right || right == Nothing ? left : left == Nothing ? right : Several;

    public static int[] Filled(int count, int id)
    {
        var ids = new int[count];
        Array.Fill(ids, id);
        return ids;
    }

    /// <summary>The same elements in another shape.</summary>
    public Origins As(params int[] dims) => this with { Dims = dims };

    /// <summary>Picks positions along an axis; a null position list keeps the dimension out.</summary>
    public Origins Pick(int axis, IReadOnlyList<int> positions, params int[] replacement)
    {
        var (outer, size, inner) = Around(axis);
        var ids = new int[outer * positions.Count * inner];
        var next = 0;
        for (var o = 0; o < outer; o++)
        {
            foreach (var position in positions)
            {
                Array.Copy(Ids, ((o * size) + position) * inner, ids, next, inner);
                next += inner;
            }
        }

        return this with { Dims = [.. Dims[..axis], .. replacement, .. Dims[(axis + 1)..]], Ids = ids };
    }

    /// <summary>Elements before, along and behind an axis.</summary>
    public (int Outer, int Size, int Inner) Around(int axis) => (Count(Dims[..axis]), Dims[axis], Count(Dims[(axis + 1)..]));

    /// <summary>Element by element with numpy's broadcasting.</summary>
    public static Origins Combine(IReadOnlyList<Origins> values)
    {
        var rank = values.Max(v => v.Rank);
        var dims = new int[rank];
        for (var i = 0; i < rank; i++)
        {
            dims[i] = values.Max(v => v.Aligned(i, rank));
            if (values.Any(v => v.Aligned(i, rank) is not 1 and var d && d != dims[i]))
            {
                throw new OnnxGraphException("shapes do not broadcast");
            }
        }

        var ids = Filled(Count(dims), Nothing);
        foreach (var value in values)
        {
            for (var i = 0; i < ids.Length; i++)
            {
                ids[i] = Union(ids[i], value.Ids[value.Position(i, dims)]);
            }
        }

        var rows = values.FirstOrDefault(v => v.HasRows);
        return rows is not null && (rows.Rank != rank || dims[0] != 1)
            ? throw new OnnxGraphException("the batch dimension is mixed with another")
            : new Origins(dims, ids, rows is not null);
    }

    private int Aligned(int axis, int rank) => axis - (rank - Rank) is >= 0 and var own ? Dims[own] : 1;

    /// <summary>Where the element of a broadcast result comes from.</summary>
    private int Position(int index, int[] dims)
    {
        var position = 0;
        var stride = 1;
        for (var axis = dims.Length - 1; axis >= 0; axis--)
        {
            var at = index % dims[axis];
            index /= dims[axis];
            var own = axis - (dims.Length - Rank);
            if (own >= 0)
            {
                position += Dims[own] == 1 ? 0 : at * stride;
                stride *= Dims[own];
            }
        }

        return position;
    }
}

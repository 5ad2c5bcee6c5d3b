namespace MlSystem.Inference.Explanations.Trees;

/// <summary>Explains one score of a tree ensemble: exact Shapley values of each feature, summed onto targets (raw columns).</summary>
public abstract class TreeExplainer
{
    private readonly CompiledTree[] _trees;

    private protected TreeExplainer(CompiledTree[] trees, int targets)
    {
        _trees = trees;
        Targets = targets;
    }

    /// <summary>What the score is expected to be when no feature is known.</summary>
    public double BaseValue { get; private protected init; }

    /// <summary>Number of contributions a row.</summary>
    public int Targets { get; }

    /// <summary>Explains rows, in parallel.</summary>
    /// <param name="values">Features, row-major, rows × <paramref name="width"/>.</param>
    /// <param name="threads">At most as many at once, from 1.</param>
    /// <param name="cancellationToken">Obeyed between rows.</param>
    /// <returns>Contributions, row-major, rows × <see cref="Targets"/>.</returns>
    public double[] Explain(ReadOnlyMemory<double> values, int width, int threads, CancellationToken cancellationToken)
    {
        var rows = values.Length / width;
        var result = new double[rows * Targets];
        var options = new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellationToken };
        Parallel.For(
            0,
            rows,
            options,
            () => new ulong[_trees.Length == 0 ? 0 : _trees.Max(tree => tree.Count)],
            (row, _, masks) =>
            {
                Explain(values.Span.Slice(row * width, width), result.AsSpan(row * Targets, Targets), masks);
                return masks;
            },
            static _ => { });
        return result;
    }

    /// <summary>Adds a leaf's contributions for a row that fulfils the conditions of the elements in <paramref name="mask"/>.</summary>
    private protected abstract void Contribute(PathLeaf leaf, ulong mask, Span<double> contributions);

    private void Explain(ReadOnlySpan<double> row, Span<double> contributions, ulong[] masks)
    {
        foreach (var tree in _trees)
        {
            tree.Masks(row, masks);
            foreach (var leaf in tree.Leaves)
            {
                Contribute(leaf, masks[leaf.Node], contributions);
            }
        }
    }
}

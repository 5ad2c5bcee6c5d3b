using MlSystem.Training.Recommendation.Data;

namespace MlSystem.Training.Recommendation.Numerics;

/// <summary>
/// Entries in T × T blocks of users and items for stochastic gradient descent by T threads (Gemulla et al., "Large-scale matrix factorization with distributed
/// stochastic gradient descent", 2011): in one of T rounds thread t works on block (t, t + round), so no two threads touch the same row, and the
/// result depends on nothing but the seed and T.
/// </summary>
internal sealed class Blocks
{
    private readonly int[][] _entries;
    private readonly int _threads;

    /// <param name="matrix">Users × items.</param>
    public Blocks(SparseMatrix matrix, int threads, ulong seed)
    {
        _threads = threads;
        var users = Assign(matrix.Rows, threads, seed);
        var items = Assign(matrix.Columns, threads, seed + 1);
        ItemsOf = [.. Enumerable.Range(0, threads).Select(t => Enumerable.Range(0, matrix.Columns).Where(i => items[i] == t).ToArray())];
        UserOf = new int[matrix.Count];
        var lists = Enumerable.Range(0, threads * threads).Select(_ => new List<int>()).ToArray();
        for (var user = 0; user < matrix.Rows; user++)
        {
            for (var at = matrix.Offsets[user]; at < matrix.Offsets[user + 1]; at++)
            {
                UserOf[at] = user;
                lists[(users[user] * threads) + items[matrix.Indices[at]]].Add(at);
            }
        }

        _entries = [.. lists.Select(l => l.ToArray())];
    }

    /// <summary>The user of each entry.</summary>
    public int[] UserOf { get; }

    /// <summary>The items of each block.</summary>
    public int[][] ItemsOf { get; }

    /// <summary>Does one epoch: the body gets the entries of a block (its to reorder), the block of items, and a generator of its own.</summary>
    public void Epoch(int epoch, FitContext context, Action<int[], int, SplitMix64> body)
    {
        for (var round = 0; round < _threads; round++)
        {
            var shift = round;
            Workers.Parts(context with { Threads = _threads }, thread =>
            {
                var itemBlock = (thread + shift) % _threads;
                body(_entries[(thread * _threads) + itemBlock], itemBlock, SplitMix64.For(context.Seed, (((epoch * _threads) + shift) * _threads) + thread));
            });
        }
    }

    private static int[] Assign(int count, int threads, ulong seed)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        new SplitMix64(seed).Shuffle(order);
        var blocks = new int[count];
        for (var i = 0; i < count; i++)
        {
            blocks[order[i]] = i % threads;
        }

        return blocks;
    }
}

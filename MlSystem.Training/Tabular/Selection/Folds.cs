using MlSystem.Training.Tabular.Features;

namespace MlSystem.Training.Tabular.Selection;

/// <summary>Inner validation: five folds of few rows, one hold-out of many; the same for the same seed.</summary>
internal static class Folds
{
    /// <summary>From this many rows on, one hold-out tells enough.</summary>
    private const int ManyRows = 20_000;
    private const int Few = 5;
    private const int MaximumHeldRows = 200_000;

    /// <returns>Row indices of each fold's held-out rows; the classes' shares are the same in all.</returns>
    public static IReadOnlyList<int[]> Held(TargetColumn targets, int rows, int seed)
    {
        var order = Enumerable.Range(0, rows).ToArray();
        new Random(seed).Shuffle(order);
        if (targets.Positions is { } positions)
        {
            order = [.. order.OrderBy(r => positions[r])];
        }

        var parts = rows >= ManyRows ? Math.Max(5, rows / MaximumHeldRows) : Few;
        var held = order.Index().GroupBy(o => o.Index % parts, o => o.Item).OrderBy(g => g.Key).Select(g => g.Order().ToArray());
        return rows >= ManyRows ? [held.First()] : [.. held.Where(h => h.Length > 0 && h.Length < rows)];
    }

    public static IReadOnlyList<Fold> Of(TrainingSet set, IReadOnlyList<int[]> held) =>
    [
        .. held.Select(rows =>
        {
            var isHeld = new bool[set.Rows];
            Array.ForEach(rows, r => isHeld[r] = true);
            return new Fold(set.Select([.. Enumerable.Range(0, set.Rows).Where(r => !isHeld[r])]), set.Select(rows));
        }),
    ];
}

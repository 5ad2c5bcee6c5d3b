using MlSystem.Training.Tabular.Selection;

namespace MlSystem.Training.Tabular.LightGbm;

/// <summary>Boosts all folds side by side, one round each, until their mean held-out loss no longer falls.</summary>
internal static class LightGbmSearch
{
    /// <returns>The least loss and the number of rounds that gave it.</returns>
    public static (double Loss, int Iterations) Run(IReadOnlyList<Fold> folds, TabularOptions options, string parameters, int threads, LearnerContext context)
    {
        var boosters = new List<LightGbmBooster>();
        try
        {
            boosters.AddRange(folds.Select(f => new LightGbmBooster(f.Fit, f.Held, parameters, threads)));
            return Rounds(folds, boosters, options, context);
        }
        finally
        {
            boosters.ForEach(b => b.Dispose());
        }
    }

    private static (double Loss, int Iterations) Rounds(IReadOnlyList<Fold> folds, List<LightGbmBooster> boosters, TabularOptions options, LearnerContext context)
    {
        var best = (Loss: double.PositiveInfinity, Iterations: 1);
        var rows = folds.Sum(f => f.Held.Rows);
        for (var round = 1; round <= options.Iterations && round - best.Iterations <= options.EarlyStoppingRounds; round++)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            var grew = false;
            boosters.ForEach(b => grew |= b.Next());
            var loss = boosters.Zip(folds, (b, f) => b.Loss(1) * f.Held.Rows).Sum() / rows;
            if (!double.IsFinite(loss))
            {
                throw new TrainingDataException(null, $"the held-out loss is not finite after {round} rounds of boosting");
            }

            if (loss < best.Loss)
            {
                best = (loss, round);
            }

            if (!grew)
            {
                break;
            }
        }

        return best;
    }
}

using MlSystem.Training.Recommendation.Data;
using MlSystem.Training.Recommendation.Numerics;

namespace MlSystem.Training.Recommendation.Factorization;

/// <summary>Item factors (and biases) of a parent model, by item id. Users begin from their histories: a served model holds none.</summary>
/// <param name="Items">Ids of the rows of the factors.</param>
public sealed record WarmStart(IReadOnlyList<string> Items, FactorMatrix ItemFactors, float[]? ItemBias = null)
{
    /// <summary>Copies what the parent knows; the rest stays as it is.</summary>
    /// <returns>How many items the parent knew.</returns>
    /// <exception cref="ArgumentException">The parent has another number of factors.</exception>
    public int CopyItems(IdMap ids, FactorMatrix factors, float[]? bias = null)
    {
        if (factors.Width != ItemFactors.Width)
        {
            throw new ArgumentException($"The parent has {ItemFactors.Width} factors, this training {factors.Width}: a warm start needs the same number.");
        }

        var known = 0;
        for (var row = 0; row < Items.Count; row++)
        {
            if (ids.Find(Items[row]) is >= 0 and var to)
            {
                known++;
                ItemFactors[row].CopyTo(factors[to]);
                if (bias is not null && ItemBias is not null)
                {
                    bias[to] = ItemBias[row];
                }
            }
        }

        return known;
    }
}

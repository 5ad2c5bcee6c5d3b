namespace MlSystem.Training.Tabular.Preprocessing;

/// <summary>What was learned about a numeric column.</summary>
/// <param name="Index">Position among the numeric columns.</param>
/// <param name="Fill">Put where the value is missing; finite.</param>
/// <param name="HasIndicator">Whether a feature tells that the value was missing: where the training rows had such.</param>
/// <param name="Offset">Subtracted by standardisation: the mean.</param>
/// <param name="Scale">Multiplied by standardisation: one over the standard deviation, 1 for a constant column.</param>
internal sealed record NumericPlan(TabularColumn Column, int Index, float Fill, bool HasIndicator, double Offset, double Scale);

/// <summary>What was learned about a categorical column.</summary>
/// <param name="Categories">In ordinal order, with the empty string (missing) where the training rows had it; each is one feature.</param>
/// <param name="Dropped">Categories of the training rows beyond the most frequent ones.</param>
/// <param name="Buckets">Features that those and unseen categories share by their hash; 0: such a category sets no feature.</param>
internal sealed record CategoricalPlan(TabularColumn Column, IReadOnlyList<string> Categories, int Dropped, int Buckets)
{
    public int Features => Categories.Count + Buckets;
}

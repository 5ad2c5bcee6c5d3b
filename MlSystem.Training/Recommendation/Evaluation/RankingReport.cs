namespace MlSystem.Training.Recommendation.Evaluation;

/// <summary>
/// Quality of the best k of the whole catalogue without the items of the training history, averaged over the users that have relevant items. With r_p = 1 when
/// the item at position p (from 1) is relevant and R relevant items:
/// </summary>
/// <param name="Ndcg">Σ r_p / log2(p + 1), divided by the same sum of an ideal ranking with min(R, k) hits (Järvelin and Kekäläinen, 2002).</param>
/// <param name="Recall">Hits / R.</param>
/// <param name="Map">Mean average precision: Σ r_p · precision at p, divided by min(R, k).</param>
/// <param name="Mrr">1 / position of the first hit; 0 without one.</param>
/// <param name="HitRate">Share of users with a hit.</param>
/// <param name="Coverage">Share of the catalogue that is recommended to anybody.</param>
/// <param name="Novelty">Mean over all recommended items of -log2 of the share of users that have the item in training data, in bits; an item that nobody has counts as if one user had half of it.</param>
/// <param name="Users">Users that were averaged over.</param>
public sealed record RankingReport(int K, double Ndcg, double Recall, double Map, double Mrr, double HitRate, double Coverage, double Novelty, int Users)
{
    /// <summary>NDCG of each user that was averaged over, in their order: for paired comparisons.</summary>
    public IReadOnlyList<double> NdcgByUser { get; init; } = [];
}

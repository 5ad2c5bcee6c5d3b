namespace MlSystem.Registry.Promotions;

/// <summary>Configuration section <c>Registry:Promotions</c>.</summary>
internal sealed class PromotionOptions
{
    public const string Section = "Registry:Promotions";

    /// <summary>
    /// Whether who requested a promotion may approve it, also when nobody is known because authentication is off. Default false: another
    /// principal must, so that without authentication a model that demands an approval can't be promoted.
    /// </summary>
    public bool AllowSelfApproval { get; set; }

    /// <summary>
    /// Principals who may approve, and who alone may withdraw a model's demand for an approval. Default none: every known principal may
    /// approve what another requested, and nobody can withdraw a demand.
    /// </summary>
    public IReadOnlyList<string> Approvers { get; set; } = [];
}

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
}

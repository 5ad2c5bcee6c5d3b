using Microsoft.EntityFrameworkCore;
using MlSystem.Contracts;
using MlSystem.Registry.Serving;
using MlSystem.Registry.Storage;

namespace MlSystem.Registry.Promotions;

/// <summary>Keeps versions of models that demand an approval from live traffic until they have one.</summary>
internal static class Approvals
{
    /// <summary>The model's tag that demands it, with the value <see cref="Required"/>.</summary>
    public const string Tag = "mlsystem.approval";
    public const string Required = "required";

    public static Task<bool> IsRequiredAsync(RegistryContext db, string model, CancellationToken cancellationToken) =>
        db.ModelTags.AnyAsync(t => t.Key == Tag && t.Value == Required && db.Models.Any(m => m.ModelId == t.ModelId && m.Name == model), cancellationToken);

    /// <summary>
    /// Refuses a state in which a version becomes live whose model demands an approval and that has no approved promotion to this endpoint.
    /// Changes of the weights of what is live pass, and so does going back to what once served.
    /// </summary>
    public static async Task RequireAsync(RegistryContext db, string endpoint, EndpointState? before, EndpointState after, CancellationToken cancellationToken)
    {
        var live = Live(before).ToHashSet();
        foreach (var (model, version) in Live(after).Where(v => !live.Contains(v)))
        {
            if (await IsRequiredAsync(db, model, cancellationToken)
                && !await db.Promotions.AnyAsync(
                    p => p.Model == model && p.Version == version && p.Endpoint == endpoint && (p.Status == PromotionStatus.Approved || p.Status == PromotionStatus.Applied),
                    cancellationToken))
            {
                throw Refused.Conflict($"Model '{model}' demands an approval: version {version} needs an approved promotion to endpoint '{endpoint}' before it serves. Request one: POST /api/promotions.");
            }
        }
    }

    private static IEnumerable<(string Model, int Version)> Live(EndpointState? state) =>
        (state?.Variants ?? []).Where(v => v is { Role: VariantRole.Live, Weight: > 0 }).Select(v => (v.Model, v.Version));
}

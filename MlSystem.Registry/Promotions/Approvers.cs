using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using MlSystem.Registry.Serving;
using MlSystem.Registry.Storage;

namespace MlSystem.Registry.Promotions;

/// <summary>Who may approve promotions, and withdraw a model's demand for approvals.</summary>
internal sealed class Approvers(IOptions<PromotionOptions> options)
{
    private const string Setting = "Registry:Promotions:Approvers";

    /// <summary>Refuses who may not approve this promotion.</summary>
    public void Require(Promotion promotion, Caller caller)
    {
        if (!promotion.ApprovalRequired)
        {
            return;
        }

        var named = options.Value.Approvers;
        if (named.Count > 0 && !named.Contains(caller.Name, StringComparer.Ordinal))
        {
            throw Refused.Forbidden($"{caller.Name} is no approver: {Setting} names {string.Join(", ", named)}.");
        }

        if (options.Value.AllowSelfApproval)
        {
            return;
        }

        if (caller.Name == Caller.Anonymous)
        {
            throw Refused.Conflict("Who approves must be known, and authentication is off: nobody can be told from who requested it. Turn authentication on, or set Registry:Promotions:AllowSelfApproval.");
        }

        if (promotion.RequestedBy == caller.Name)
        {
            throw Refused.Conflict($"Promotion '{promotion.PromotionId}' was requested by {caller.Name}: another principal must approve it.");
        }
    }

    /// <summary>
    /// Refuses a change by which a model would be without the approval that it demands: of the tag, or of the model's name, which leaves
    /// the name free for a model without the demand. While a promotion waits it is refused to approvers too: nobody's request gets through by
    /// taking away the question that it waits for; who approves decides it first, and the decision stays in its history.
    /// </summary>
    public async Task RequireForWithdrawalAsync(RegistryContext db, string model, Caller caller, CancellationToken cancellationToken)
    {
        if (!await Approvals.IsRequiredAsync(db, model, cancellationToken))
        {
            return;
        }

        var named = options.Value.Approvers;
        if (named.Count == 0 ? !options.Value.AllowSelfApproval : !named.Contains(caller.Name, StringComparer.Ordinal))
        {
            throw Refused.Forbidden($"Model '{model}' demands approvals (tag {Approvals.Tag}); only approvers can take that back, rename or delete it, "
                + (named.Count == 0 ? $"and {Setting} names none." : $"and {caller.Name} is none: {Setting} names {string.Join(", ", named)}."));
        }

        var waiting = await db.Promotions.Where(p => p.Model == model && (p.Status == PromotionStatus.Requested || p.Status == PromotionStatus.Approved))
            .OrderBy(p => p.PromotionId).Select(p => p.PromotionId).FirstOrDefaultAsync(cancellationToken);
        if (waiting is not null)
        {
            throw Refused.Conflict($"Promotion '{waiting}' of model '{model}' waits: apply, reject or cancel it before the demand for approvals is taken back.");
        }
    }
}

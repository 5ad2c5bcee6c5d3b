using Microsoft.EntityFrameworkCore;
using MlSystem.Contracts;
using MlSystem.Registry.Events;
using MlSystem.Registry.Models;
using MlSystem.Registry.Serving;
using MlSystem.Registry.Storage;

namespace MlSystem.Registry.Promotions;

/// <summary>Takes requests for promotions through their states; each step is one transaction, the endpoint's revision included.</summary>
internal sealed class PromotionStore(RegistryDatabase database, Approvers approvers, TimeProvider time)
{
    /// <summary>Files a request; where the model demands no approval it is applied at once.</summary>
    public Task<PromotionView> RequestAsync(RequestPromotion request, Precondition precondition, Caller caller, CancellationToken cancellationToken)
    {
        var wanted = PromotionRules.Checked(request);
        return database.WriteAsync(
            async db =>
            {
                var now = time.GetUtcNow();
                var model = await VersionStore.LockModelAsync(db, wanted.Model, now, cancellationToken);
                var version = await ModelReader.VersionAsync(db, model, wanted.Version, cancellationToken);
                if (version.Status != VersionStatus.Servable)
                {
                    throw Refused.Conflict($"Version {wanted.Version} of model '{wanted.Model}' is {version.Status}, not servable{(version.Reason is null ? "" : $": {version.Reason}")}.");
                }

                var promotion = wanted.ToPromotion(caller, now, await Approvals.IsRequiredAsync(db, wanted.Model, cancellationToken));
                db.Promotions.Add(promotion);
                await db.SaveChangesAsync(cancellationToken);
                await SayAsync(db, promotion, PromotionStatus.Requested, wanted.Comment, caller, now, cancellationToken);
                if (!promotion.ApprovalRequired)
                {
                    await ApplyAsync(db, promotion, precondition, caller, now, cancellationToken);
                }

                await db.SaveChangesAsync(cancellationToken);
                return await PromotionReader.ViewAsync(db, promotion, cancellationToken);
            },
            cancellationToken);
    }

    /// <summary>Approves, and unless told otherwise applies. An approval whose application is refused leaves nothing.</summary>
    public Task<PromotionView> ApproveAsync(string id, PromotionDecision decision, Precondition precondition, Caller caller, CancellationToken cancellationToken) => ChangeAsync(
        id,
        async (db, promotion, now) =>
        {
            if (promotion.Status == PromotionStatus.Approved)
            {
                throw Refused.Conflict($"Promotion '{id}' is approved already; apply it.");
            }

            approvers.Require(promotion, caller);
            await DecideAsync(db, promotion, PromotionStatus.Approved, decision.Comment, caller, now, cancellationToken);
            if (decision.Apply ?? true)
            {
                await ApplyAsync(db, promotion, precondition, caller, now, cancellationToken);
            }
        },
        cancellationToken);

    public Task<PromotionView> RejectAsync(string id, PromotionDecision decision, Caller caller, CancellationToken cancellationToken) => ChangeAsync(
        id,
        (db, promotion, now) => DecideAsync(db, promotion, PromotionStatus.Rejected, decision.Comment, caller, now, cancellationToken),
        cancellationToken);

    public Task<PromotionView> CancelAsync(string id, PromotionDecision decision, Caller caller, CancellationToken cancellationToken) => ChangeAsync(
        id,
        (db, promotion, now) => promotion.RequestedBy == caller.Name
            ? DecideAsync(db, promotion, PromotionStatus.Cancelled, decision.Comment, caller, now, cancellationToken)
            : throw Refused.Conflict($"Promotion '{id}' was requested by {promotion.RequestedBy}: only they can cancel it; others reject it."),
        cancellationToken);

    /// <summary>Applies what was approved.</summary>
    public Task<PromotionView> ApplyAsync(string id, Precondition precondition, Caller caller, CancellationToken cancellationToken) => ChangeAsync(
        id,
        (db, promotion, now) => promotion.ApprovalRequired && promotion.Status == PromotionStatus.Requested
            ? throw Refused.Conflict($"Promotion '{id}' is not approved yet.")
            : ApplyAsync(db, promotion, precondition, caller, now, cancellationToken),
        cancellationToken);

    public Task<PromotionView> CommentAsync(string id, PromotionDecision comment, Caller caller, CancellationToken cancellationToken) => ChangeAsync(
        id,
        (db, promotion, now) => SayAsync(db, promotion, "comment", comment.Comment is { Length: > 0 } text ? text : throw Refused.BadRequest("comment is missing."), caller, now, cancellationToken),
        cancellationToken);

    private static void Emit(RegistryContext db, Promotion promotion, string status, Caller caller, DateTimeOffset now) => db.Emit(
        promotion.Model,
        Change.By(caller, now, RegistryChange.PromotionPrefix + status) with { Model = promotion.Model, Version = promotion.Version, Alias = promotion.Alias, Endpoint = promotion.Endpoint, Promotion = promotion.PromotionId });

    private static async Task SayAsync(RegistryContext db, Promotion promotion, string action, string? text, Caller caller, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var said = await db.PromotionComments.CountAsync(c => c.PromotionId == promotion.PromotionId, cancellationToken);
        db.PromotionComments.Add(new()
        {
            PromotionId = promotion.PromotionId, Number = said + 1, Author = caller.Name, Action = action, Text = PromotionRules.Text(text), Time = now.ToUnixTimeMilliseconds(),
        });
        if (action != "comment")
        {
            Emit(db, promotion, action, caller, now);
        }

        await db.SaveChangesAsync(cancellationToken);
    }

    private static async Task DecideAsync(RegistryContext db, Promotion promotion, string status, string? comment, Caller caller, DateTimeOffset now, CancellationToken cancellationToken)
    {
        Move(promotion, status);
        (promotion.DecidedBy, promotion.DecidedAt) = (caller.Name, now.ToUnixTimeMilliseconds());
        await SayAsync(db, promotion, status, comment, caller, now, cancellationToken);
    }

    private static void Move(Promotion promotion, string status)
    {
        if (!PromotionStatus.CanBecome(promotion.Status, status))
        {
            throw Refused.Conflict($"Promotion '{promotion.PromotionId}' is {promotion.Status}: it can't become {status} any more.");
        }

        promotion.Status = status;
    }

    /// <summary>Makes the endpoint's revision. Others that wait for the same endpoint of the same model and were requested before are overtaken.</summary>
    private static async Task ApplyAsync(RegistryContext db, Promotion promotion, Precondition precondition, Caller caller, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var current = await Revisions.CurrentAsync(db, promotion.Endpoint, cancellationToken);
        precondition.Check(current?.Revision);
        Move(promotion, PromotionStatus.Applied);
        await db.SaveChangesAsync(cancellationToken);
        var state = PromotionRules.State(promotion, current is null ? null : EndpointReader.State(current));
        var errors = new Errors();
        await Revisions.LockAndCheckAsync(db, promotion.Endpoint, state, errors, cancellationToken);
        if (errors.Any)
        {
            throw Refused.Invalid(errors);
        }

        var revision = await Revisions.AddAsync(db, promotion.Endpoint, state, new(caller, now, $"Promotion {promotion.PromotionId}"), cancellationToken);
        precondition.CheckNext(revision.Revision);
        (promotion.AppliedRevision, promotion.AppliedAt) = (revision.Revision, now.ToUnixTimeMilliseconds());
        await SayAsync(db, promotion, PromotionStatus.Applied, $"Revision {revision.Revision} of endpoint '{promotion.Endpoint}'", caller, now, cancellationToken);
        foreach (var other in await db.Promotions
            .Where(p => p.Model == promotion.Model && p.Endpoint == promotion.Endpoint && p.PromotionId != promotion.PromotionId && p.RequestedAt <= promotion.RequestedAt
                && (p.Status == PromotionStatus.Requested || p.Status == PromotionStatus.Approved)).ToListAsync(cancellationToken))
        {
            Move(other, PromotionStatus.Superseded);
            await SayAsync(db, other, PromotionStatus.Superseded, $"By promotion {promotion.PromotionId}", caller, now, cancellationToken);
        }
    }

    private Task<PromotionView> ChangeAsync(string id, Func<RegistryContext, Promotion, DateTimeOffset, Task> change, CancellationToken cancellationToken) => database.WriteAsync(
        async db =>
        {
            var now = time.GetUtcNow();
            var model = (await PromotionReader.FindAsync(db, id, cancellationToken)).Model;
            // The lock gives decisions on one model an order; what was read before it may be old.
            db.ChangeTracker.Clear();
            await VersionStore.LockModelAsync(db, model, now, cancellationToken);
            var promotion = await PromotionReader.FindAsync(db, id, cancellationToken);
            await change(db, promotion, now);
            await db.SaveChangesAsync(cancellationToken);
            return await PromotionReader.ViewAsync(db, promotion, cancellationToken);
        },
        cancellationToken);
}

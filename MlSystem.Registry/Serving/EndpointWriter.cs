using Microsoft.EntityFrameworkCore;
using MlSystem.Contracts;
using MlSystem.Registry.Storage;
using MlSystem.ServiceDefaults.Errors;

namespace MlSystem.Registry.Serving;

/// <summary>Changes serving state: a new state, or an earlier one again.</summary>
internal sealed class EndpointWriter(RegistryDatabase database, TimeProvider time)
{
    /// <summary>Adds the next revision; on a refusal nothing has changed.</summary>
    public Task<Endpoint> PutAsync(string name, PutEndpoint body, Precondition precondition, Caller caller, CancellationToken cancellationToken)
    {
        var state = new EndpointState
        {
            Variants = [.. (body.Variants ?? []).OfType<EndpointVariant>()],
            Policy = body.Policy ?? new(),
            Limits = body.Limits ?? new(),
            Batching = body.Batching ?? new(),
            Features = body.Features ?? new(),
            Cache = body.Cache ?? new(),
            Logging = body.Logging ?? new(),
            Pinned = body.Pinned ?? false,
        };
        return database.WriteAsync(
            async db =>
            {
                var errors = EndpointRules.Check(name, body);
                await Revisions.LockAndCheckAsync(db, name, state, errors, cancellationToken);
                ThrowIfAny(errors);
                var current = await Revisions.CurrentAsync(db, name, cancellationToken);
                precondition.Check(current?.Revision);
                var revision = await Revisions.AddAsync(db, name, state, new(caller, time.GetUtcNow(), body.Reason!), cancellationToken);
                precondition.CheckNext(revision.Revision);
                return EndpointReader.ToEndpoint(revision);
            },
            cancellationToken);
    }

    /// <summary>Applies an earlier revision's state as a new revision. Without a number: the state before the present one, also when that came from a rollback itself.</summary>
    public Task<Endpoint> RollbackAsync(string name, RollbackEndpoint body, Precondition precondition, Caller caller, CancellationToken cancellationToken) => database.WriteAsync(
        async db =>
        {
            var current = await Revisions.CurrentAsync(db, name, cancellationToken) ?? throw Refused.NotFound($"There is no endpoint '{name}'.");
            precondition.Check(current.Revision);
            var wanted = body.Revision ?? (current.RestoredRevision ?? current.Revision) - 1;
            if (body.Revision is null && wanted < 1)
            {
                throw Refused.Conflict($"Endpoint '{name}' has no state before the present one.");
            }

            var target = await db.EndpointRevisions.AsNoTracking().FirstOrDefaultAsync(r => r.Name == name && r.Revision == wanted, cancellationToken)
                ?? throw Refused.NotFound($"Endpoint '{name}' has no revision {wanted}.");
            var errors = new Errors();
            errors.AddIf(body.Reason?.Length > EndpointRules.MaxReasonLength, "reason", $"it has {body.Reason?.Length} characters; at most {EndpointRules.MaxReasonLength} are allowed");
            var state = EndpointReader.State(target);
            await Revisions.LockAndCheckAsync(db, name, state, errors, cancellationToken);
            ThrowIfAny(errors);
            var reason = string.IsNullOrWhiteSpace(body.Reason) ? $"Rollback to revision {wanted}" : body.Reason;
            var restored = target.RestoredRevision ?? target.Revision;
            var revision = await Revisions.AddAsync(db, name, state, new(caller, time.GetUtcNow(), reason, restored), cancellationToken);
            precondition.CheckNext(revision.Revision);
            return EndpointReader.ToEndpoint(revision);
        },
        cancellationToken);

    private static void ThrowIfAny(Errors errors)
    {
        if (errors.Any)
        {
            throw Refused.Invalid(errors);
        }
    }
}

/// <summary>The <c>If-Match</c> of a request: the revision that the caller has seen.</summary>
internal sealed record Precondition(string? IfMatch, string? IfNoneMatch)
{
    /// <summary>Checks what was read before the endpoint's row was locked.</summary>
    public void Check(long? current)
    {
        if (IfNoneMatch == "*" && current is not null)
        {
            throw Failed(current);
        }

        if (!string.IsNullOrEmpty(IfMatch) && !(IfMatch == "*" && current is not null) && (current is null || IfMatch != EndpointReader.ETag(current.Value)))
        {
            throw Failed(current);
        }
    }

    /// <summary>Checks again under the lock: the new revision must be the one behind the expected.</summary>
    public void CheckNext(long next)
    {
        if (IfNoneMatch == "*" && next != 1)
        {
            throw Failed(next - 1);
        }

        if (!string.IsNullOrEmpty(IfMatch) && IfMatch != "*" && IfMatch != EndpointReader.ETag(next - 1))
        {
            throw Failed(next - 1);
        }
    }

    private static ErrorAnswerException Failed(long? current) => Refused.PreconditionFailed(
        current is null ? "There is no such endpoint." : $"The endpoint is at revision {current}; read it again.");
}

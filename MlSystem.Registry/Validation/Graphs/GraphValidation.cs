using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using MlSystem.Contracts;
using MlSystem.Graphs;
using MlSystem.Registry.Artifacts;
using MlSystem.Registry.Storage;

namespace MlSystem.Registry.Validation.Graphs;

/// <summary>Validates a graph of versions: its members are servable, no version is part of itself, every name and type fits. Nothing is executed.</summary>
internal sealed class GraphValidation(RegistryDatabase database, BlobStore blobs)
{
    /// <returns>Null while a member's own validation is not done.</returns>
    public async Task<ProbeVerdict?> RunAsync(ModelVersion version, ManifestFile file, CancellationToken cancellationToken)
    {
        try
        {
            await using var db = database.Read();
            var spec = await ReadAsync(file.Sha256, cancellationToken);
            GraphPlan.CheckShape(spec);
            var self = new GraphMember(await db.Models.Where(m => m.ModelId == version.ModelId).Select(m => m.Name).FirstAsync(cancellationToken), version.Version);
            await CheckCyclesAsync(db, spec, [self], [], cancellationToken);
            return await MembersAsync(db, spec, cancellationToken) is { } members ? Accept(version, spec, members) : null;
        }
        catch (Exception error) when (error is GraphException or JsonException)
        {
            return ProbeVerdict.Refused($"{ModelFiles.Ensemble}: {error.Message}");
        }
    }

    private static ProbeVerdict Accept(ModelVersion version, EnsembleSpec spec, Dictionary<GraphMember, ModelSignature> members)
    {
        var declared = version.Signature is null ? null : JsonSerializer.Deserialize(version.Signature, ContractsJson.Default.ModelSignature);
        return ProbeVerdict.Accepted(GraphPlan.Make(spec, declared, member => members.GetValueOrDefault(member)).Signature);
    }

    /// <summary>The members' signatures, or null while one of them is pending.</summary>
    /// <exception cref="GraphException">A member is unknown or refused; the message names the nodes and steps that want it.</exception>
    private static async Task<Dictionary<GraphMember, ModelSignature>?> MembersAsync(RegistryContext db, EnsembleSpec spec, CancellationToken cancellationToken)
    {
        var (members, problems, waits) = (new Dictionary<GraphMember, ModelSignature>(), new List<string>(), false);
        foreach (var member in GraphMember.Of(spec))
        {
            switch (await RowAsync(db, member, cancellationToken))
            {
                case null:
                    problems.Add($"{GraphMember.Places(spec, member)}: {member} is not registered");
                    break;
                case { Status: VersionStatus.Pending }:
                    waits = true;
                    break;
                case { Status: VersionStatus.Servable, Signature: { } signature }:
                    members[member] = JsonSerializer.Deserialize(signature, ContractsJson.Default.ModelSignature)!;
                    break;
                case var row:
                    problems.Add($"{GraphMember.Places(spec, member)}: {member} is not servable: {row.Reason ?? "it has no signature"}");
                    break;
            }
        }

        return problems.Count > 0 ? throw new GraphException(string.Join("; ", problems)) : waits ? null : members;
    }

    private async Task CheckCyclesAsync(RegistryContext db, EnsembleSpec spec, List<GraphMember> path, HashSet<GraphMember> done, CancellationToken cancellationToken)
    {
        foreach (var member in GraphMember.Of(spec))
        {
            if (path.Contains(member))
            {
                throw new GraphException($"{GraphMember.Places(spec, member)}: the versions form a cycle: {string.Join(" → ", path.SkipWhile(on => on != member).Append(member))}");
            }

            if (done.Add(member) && await SpecOfAsync(db, member, cancellationToken) is { } inner)
            {
                await CheckCyclesAsync(db, inner, [.. path, member], done, cancellationToken);
            }
        }
    }

    /// <summary>Null where the version is no graph.</summary>
    private async Task<EnsembleSpec?> SpecOfAsync(RegistryContext db, GraphMember member, CancellationToken cancellationToken)
    {
        var hash = await db.VersionFiles
            .Where(f => f.Version == member.Version && f.Path == ModelFiles.Ensemble && db.Models.Any(m => m.ModelId == f.ModelId && m.Name == member.Model))
            .Select(f => f.Sha256).FirstOrDefaultAsync(cancellationToken);
        return hash is null ? null : await ReadAsync(hash, cancellationToken);
    }

    private static Task<ModelVersion?> RowAsync(RegistryContext db, GraphMember member, CancellationToken cancellationToken) =>
        db.Versions.FirstOrDefaultAsync(v => v.Version == member.Version && db.Models.Any(m => m.ModelId == v.ModelId && m.Name == member.Model), cancellationToken);

    private async Task<EnsembleSpec> ReadAsync(string sha256, CancellationToken cancellationToken)
    {
        await using var stream = blobs.OpenRead(sha256);
        return await JsonSerializer.DeserializeAsync(stream, ContractsJson.Default.EnsembleSpec, cancellationToken) ?? throw new GraphException("it is null");
    }
}

using System.Text.Json;
using MlSystem.Contracts;
using MlSystem.Graphs;
using MlSystem.Inference.Routing;
using MlSystem.Inference.Runtimes;
using MlSystem.Inference.Versions;

namespace MlSystem.Inference.Graphs;

/// <summary>Takes a graph from its file to a runtime: read, look for cycles, load the members, check the types.</summary>
public sealed class GraphLoader(RegistryClient registry, ArtifactCache cache, RandomSource random, GraphMetrics metrics)
{
    /// <exception cref="ModelRefusedException">The graph or one of its members can't be served.</exception>
    public async Task<GraphRuntime> LoadAsync(VersionFiles version, long maxPooledBytes, CancellationToken cancellationToken)
    {
        var spec = await ReadAsync(version.Files[ModelFiles.Ensemble], cancellationToken);

        // Before anything is loaded: versions that wait for each other would wait for ever.
        await CheckCyclesAsync(spec, [version.Key], [], cancellationToken);
        var members = new Dictionary<GraphMember, LoadedVersion>();
        try
        {
            foreach (var member in GraphMember.Of(spec))
            {
                members[member] = await LeaseAsync(version, new VersionKey(member.Model, member.Version), cancellationToken);
            }

            var plan = GraphPlan.Make(spec, version.Source.Signature, member => members.GetValueOrDefault(member)?.Signature);
            return new GraphRuntime(version.Key, plan, version.Source.JoinKeys, members, random, metrics, maxPooledBytes);
        }
        catch (GraphException error)
        {
            Release(members);
            throw new ModelRefusedException($"{ModelFiles.Ensemble}: {error.Message}", error);
        }
        catch
        {
            Release(members);
            throw;
        }
    }

    private static void Release(Dictionary<GraphMember, LoadedVersion> members)
    {
        foreach (var member in members.Values)
        {
            member.Release();
        }
    }

    private static async Task<LoadedVersion> LeaseAsync(VersionFiles version, VersionKey key, CancellationToken cancellationToken)
    {
        while (true)
        {
            LoadedVersion member;
            try
            {
                member = await version.Load(key, cancellationToken);
            }
            catch (Exception error) when (error is ModelRefusedException or VersionUnknownException)
            {
                throw new ModelRefusedException($"its member {key} can't be served: {error.Message}", error);
            }

            // A failed lease means that the version was let go of in between: it is loaded anew.
            if (member.TryAcquire())
            {
                return member;
            }
        }
    }

    private async Task CheckCyclesAsync(EnsembleSpec spec, List<VersionKey> path, HashSet<VersionKey> done, CancellationToken cancellationToken)
    {
        foreach (var member in GraphMember.Of(spec).Select(member => new VersionKey(member.Model, member.Version)))
        {
            if (path.Contains(member))
            {
                throw new ModelRefusedException($"the versions form a cycle: {string.Join(" → ", path.Append(member))}");
            }

            if (done.Add(member) && await SpecOfAsync(member, cancellationToken) is { } inner)
            {
                await CheckCyclesAsync(inner, [.. path, member], done, cancellationToken);
            }
        }
    }

    /// <summary>Null where the version is no graph.</summary>
    private async Task<EnsembleSpec?> SpecOfAsync(VersionKey key, CancellationToken cancellationToken)
    {
        var answer = await registry.GetVersionAsync(key, cancellationToken);
        return answer?.Manifest?.Files.FirstOrDefault(file => file.Path == ModelFiles.Ensemble) is { } file
            ? await cache.ReadAsync(key, file, path => ReadAsync(path, cancellationToken), cancellationToken)
            : null;
    }

    private static async Task<EnsembleSpec> ReadAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            await using var stream = File.OpenRead(path);
            return await JsonSerializer.DeserializeAsync(stream, ContractsJson.Default.EnsembleSpec, cancellationToken) ?? throw new ModelRefusedException($"{ModelFiles.Ensemble} is null");
        }
        catch (JsonException error)
        {
            throw new ModelRefusedException($"{ModelFiles.Ensemble} can't be read: {error.Message}", error);
        }
    }
}

using Microsoft.EntityFrameworkCore;
using MlSystem.Registry.Models;
using MlSystem.Registry.Serving;
using MlSystem.Registry.Storage;
using static MlSystem.Registry.Lineage.LineageNodes;

namespace MlSystem.Registry.Lineage;

/// <summary>Follows the chain of a version from its data to the next run.</summary>
internal sealed class LineageReader(RegistryDatabase database, NativeModelReader models, PredictionSection predictions)
{
    /// <param name="depth">Versions before and after it that are followed as well: 0 names only the next ones.</param>
    public async Task<LineageGraph> ReadAsync(string model, int version, int depth, int max, CancellationToken cancellationToken)
    {
        await using var db = database.Read();
        var graph = new LineageBuilder(db, max);
        var waiting = new Queue<(VersionKey Key, int Left)>([(new(model, version), depth)]);
        var seen = new HashSet<VersionKey>();
        while (waiting.TryDequeue(out var next))
        {
            if (!seen.Add(next.Key))
            {
                continue;
            }

            var neighbours = await FollowAsync(graph, next.Key, isRoot: seen.Count == 1, cancellationToken);
            foreach (var neighbour in next.Left > 0 ? neighbours : [])
            {
                waiting.Enqueue((neighbour, next.Left - 1));
            }
        }

        return graph.Build(VersionId(model, version));
    }

    /// <summary>Adds all of one version and returns the versions before and after it.</summary>
    private async Task<IReadOnlyList<VersionKey>> FollowAsync(LineageBuilder graph, VersionKey key, bool isRoot, CancellationToken cancellationToken)
    {
        var model = await graph.Db.Models.FirstOrDefaultAsync(m => m.Name == key.Model, cancellationToken);
        var version = model is null ? null : await graph.Db.Versions.FirstOrDefaultAsync(v => v.ModelId == model.ModelId && v.Version == key.Version, cancellationToken);
        if (model is null || version is null)
        {
            if (isRoot)
            {
                throw Refused.NotFound(model is null ? $"There is no model '{key.Model}'." : $"Model '{key.Model}' has no version {key.Version}.");
            }

            graph.Add(Version(key.Model, key.Version) with { Href = null, Unavailable = "it was deleted" });
            return [];
        }

        graph.Add(Version(key.Model, version) with { Unavailable = VersionCitations.Of(version).Problem });
        var before = await OriginSection.AddAsync(graph, model, version, cancellationToken);
        var members = await MembersAsync(graph, key, cancellationToken);
        return [.. before, .. members, .. await AfterAsync(graph, model, key.Version, cancellationToken)];
    }

    /// <summary>What came of a version, under each name that its model had.</summary>
    private async Task<IReadOnlyList<VersionKey>> AfterAsync(LineageBuilder graph, RegisteredModel model, int version, CancellationToken cancellationToken)
    {
        var (own, after) = (VersionId(model.Name, version), new List<VersionKey>());
        foreach (var name in await ModelNames.OfAsync(graph.Db, model, cancellationToken))
        {
            var spans = await ServingSection.AddAsync(graph, own, name, version, cancellationToken);
            await predictions.AddAsync(graph, own, name.Name, version, spans, cancellationToken);
            after.AddRange(await ConsequenceSection.AddAsync(graph, model, name, version, spans, cancellationToken));
        }

        return after;
    }

    /// <summary>The versions that a graph of versions runs.</summary>
    private async Task<IReadOnlyList<VersionKey>> MembersAsync(LineageBuilder graph, VersionKey key, CancellationToken cancellationToken)
    {
        var members = await models.VersionsAsync(key.Model, key.Version, cancellationToken) is [{ Members: { } found }] ? found : [];
        foreach (var member in members)
        {
            graph.Link(graph.Add(Version(member.Model, member.Version)), VersionId(key.Model, key.Version), LineageHop.MemberOf, "ensemble.json");
        }

        return [.. members.Select(m => new VersionKey(m.Model, m.Version))];
    }
}

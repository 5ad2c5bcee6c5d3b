using System.Globalization;
using Microsoft.EntityFrameworkCore;
using MlSystem.Registry.Artifacts;
using MlSystem.Registry.Audit;
using MlSystem.Registry.Storage;

namespace MlSystem.Registry.Retention;

/// <summary>
/// Finds and erases what was logged about a data subject. Tags that any MLflow client can set say what is about whom: on a run
/// <c>mlsystem.data_subject</c> (all of it) or <c>mlsystem.data_subject/{artifacts|params|tags}/{path or key}</c>, on a logged input
/// <c>mlsystem.data_subject</c>; the value is the subject's key, or several keys between commas.
/// </summary>
internal sealed class DataSubjects(RegistryDatabase database)
{
    private const string Mark = "mlsystem.data_subject";
    private const string Erased = "erased";

    /// <summary>Tells what is marked; with <paramref name="erase"/> removes it, in one transaction.</summary>
    public Task<SubjectReport> ReportAsync(string subject, bool erase, CancellationToken cancellationToken) => database.WriteAsync(
        async db =>
        {
            var marks = await MarksAsync(db, subject, cancellationToken);
            var inputs = await InputsAsync(db, subject, [.. marks.Where(m => m.Kind.Length == 0).Select(m => m.RunId)], cancellationToken);
            var artifacts = await ArtifactsAsync(db, marks, cancellationToken);
            var retained = await RetainedAsync(db, [.. artifacts.Select(a => a.Entry.Sha256!).Distinct()], cancellationToken);
            if (erase)
            {
                await EraseAsync(db, marks, inputs, [.. artifacts.Select(a => a.Entry.Path)], cancellationToken);
                await AuditErasure.RecordAsync(db, subject, [.. marks.Select(m => m.RunId).Distinct()], artifacts.Count, inputs.Count, cancellationToken);
            }

            return new SubjectReport(
                [.. marks.Where(m => m.Kind.Length == 0).Select(m => m.RunId)],
                [.. artifacts.Select(a => $"{a.RunId}/{a.Relative}")],
                Named(marks, "params"),
                Named(marks, "tags"),
                [.. inputs.Select(d => string.Create(CultureInfo.InvariantCulture, $"{d.ExperimentId}/{d.Name}/{d.Digest}"))],
                retained);
        },
        cancellationToken);

    private static List<string> Named(List<SubjectMark> marks, string kind) => [.. marks.Where(m => m.Kind == kind).Select(m => $"{m.RunId}/{m.Name}")];

    private static bool IsAbout(string value, string subject) => value.Split(',', StringSplitOptions.TrimEntries).Contains(subject, StringComparer.Ordinal);

    private static async Task<List<SubjectMark>> MarksAsync(RegistryContext db, string subject, CancellationToken cancellationToken)
    {
        var tags = await db.RunTags.AsNoTracking().Where(t => t.Key.StartsWith(Mark) && t.Value.Contains(subject)).OrderBy(t => t.RunId).ThenBy(t => t.Key).ToListAsync(cancellationToken);
        return [.. tags.Where(t => IsAbout(t.Value, subject)).Select(SubjectMark.Of).OfType<SubjectMark>()];
    }

    private static async Task<List<Dataset>> InputsAsync(RegistryContext db, string subject, List<string> wholeRuns, CancellationToken cancellationToken)
    {
        var tagged = (await db.RunDatasetTags.AsNoTracking().Where(t => t.Key == Mark && t.Value.Contains(subject)).ToListAsync(cancellationToken))
            .Where(t => IsAbout(t.Value, subject)).Select(t => (t.RunId, t.Name, t.Digest)).ToHashSet();
        var runs = tagged.Select(t => t.RunId).Concat(wholeRuns).Distinct().ToList();
        var used = await db.RunDatasets.AsNoTracking().Where(d => runs.Contains(d.RunId)).ToListAsync(cancellationToken);
        var keys = used.Where(d => wholeRuns.Contains(d.RunId) || tagged.Contains((d.RunId, d.Name, d.Digest))).Select(d => (d.ExperimentId, d.Name, d.Digest)).ToHashSet();
        var names = keys.Select(k => k.Name).Distinct().ToList();
        return [.. (await db.Datasets.Where(d => names.Contains(d.Name)).ToListAsync(cancellationToken)).Where(d => keys.Contains((d.ExperimentId, d.Name, d.Digest)))];
    }

    private static async Task<List<(string RunId, string Relative, ArtifactEntry Entry)>> ArtifactsAsync(RegistryContext db, List<SubjectMark> marks, CancellationToken cancellationToken)
    {
        var found = new List<(string, string, ArtifactEntry)>();
        foreach (var mark in marks.Where(m => m.Kind.Length == 0 || m.Kind == "artifacts"))
        {
            var uri = await db.Runs.Where(r => r.RunId == mark.RunId).Select(r => r.ArtifactUri).FirstAsync(cancellationToken);
            if (ArtifactPath.FromUri(uri) is not { } root)
            {
                continue;
            }

            var path = ArtifactPath.Join(root, mark.Name);
            var file = await db.Artifacts.AsNoTracking().Where(a => a.Path == path && !a.IsDirectory).ToListAsync(cancellationToken);
            found.AddRange(file.Concat(await ArtifactTree.FilesBelowAsync(db, path, cancellationToken)).Select(e => (mark.RunId, e.Path[(root.Length + 1)..], e)));
        }

        return [.. found.DistinctBy(f => f.Item3.Path)];
    }

    private static async Task<List<RetainedFile>> RetainedAsync(RegistryContext db, List<string> hashes, CancellationToken cancellationToken) =>
        [.. (await db.VersionFiles.Where(f => hashes.Contains(f.Sha256)).Join(db.Models, f => f.ModelId, m => m.ModelId, (f, m) => new { m.Name, f.Version, f.Path })
            .OrderBy(f => f.Name).ThenBy(f => f.Version).ThenBy(f => f.Path).ToListAsync(cancellationToken)).Select(f => new RetainedFile(f.Name, f.Version, f.Path))];

    private static async Task EraseAsync(RegistryContext db, List<SubjectMark> marks, List<Dataset> inputs, List<string> artifacts, CancellationToken cancellationToken)
    {
        foreach (var input in inputs)
        {
            (input.Source, input.Schema, input.Profile) = (Erased, null, null);
        }

        await db.Artifacts.Where(a => artifacts.Contains(a.Path)).ExecuteDeleteAsync(cancellationToken);
        foreach (var mark in marks)
        {
            await EraseAsync(db, mark, cancellationToken);
        }
    }

    private static async Task EraseAsync(RegistryContext db, SubjectMark mark, CancellationToken cancellationToken)
    {
        if (mark.Kind.Length == 0)
        {
            await db.RunParams.Where(p => p.RunId == mark.RunId).ExecuteDeleteAsync(cancellationToken);
            await db.RunTags.Where(t => t.RunId == mark.RunId).ExecuteDeleteAsync(cancellationToken);
            await db.RunDatasetTags.Where(t => t.RunId == mark.RunId).ExecuteDeleteAsync(cancellationToken);
            await db.Runs.Where(r => r.RunId == mark.RunId).ExecuteUpdateAsync(r => r.SetProperty(x => x.Name, Erased), cancellationToken);
            return;
        }

        await db.RunParams.Where(p => p.RunId == mark.RunId && mark.Kind == "params" && p.Key == mark.Name).ExecuteDeleteAsync(cancellationToken);
        await db.RunTags.Where(t => t.RunId == mark.RunId && ((mark.Kind == "tags" && t.Key == mark.Name) || t.Key == mark.TagKey)).ExecuteDeleteAsync(cancellationToken);
    }

    /// <summary>What one tag of a run marks.</summary>
    /// <param name="Kind"><c>artifacts</c>, <c>params</c> or <c>tags</c>; empty for the whole run.</param>
    /// <param name="Name">Path or key; empty for the whole run.</param>
    private sealed record SubjectMark(string RunId, string TagKey, string Kind, string Name)
    {
        public static SubjectMark? Of(RunTag tag) => tag.Key.Split('/', 3) switch
        {
            [Mark] => new(tag.RunId, tag.Key, "", ""),
            [Mark, "artifacts" or "params" or "tags", { Length: > 0 }] parts => new(tag.RunId, tag.Key, parts[1], parts[2]),
            _ => null,
        };
    }
}

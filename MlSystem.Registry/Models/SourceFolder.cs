using System.Globalization;
using Microsoft.EntityFrameworkCore;
using MlSystem.Contracts;
using MlSystem.Registry.Artifacts;
using MlSystem.Registry.Mlflow;
using MlSystem.Registry.Storage;
using MlSystem.ServiceDefaults.Errors;

namespace MlSystem.Registry.Models;

/// <summary>
/// The files that a version is made from: <c>runs:/{run}/{path}</c>, <c>mlflow-artifacts:/{path}</c>, <c>models:/{logged model}</c>,
/// <c>models:/{name}/{version}</c> or <c>models:/{name}@{alias}</c>.
/// </summary>
internal sealed record SourceFolder(List<ManifestFile> Files, string? RunId, string? LoggedModelId)
{
    private const string RunsScheme = "runs:/";
    private const string ModelsScheme = "models:/";

    public static Task<SourceFolder> ReadAsync(RegistryContext db, string source, CancellationToken cancellationToken) =>
        Misleads(source) ? throw MlflowError.Invalid(
            $"Invalid model version source: '{source}'. If supplying a source as an http, https, ftp, objectstore or mlflow-artifacts uri, its path must be absolute, without '..' and NUL, also when they are encoded.")
        : source.StartsWith(RunsScheme, StringComparison.Ordinal) ? OfRunAsync(db, source[RunsScheme.Length..].TrimStart('/'), cancellationToken)
        : source.StartsWith(ModelsScheme, StringComparison.Ordinal) ? OfModelAsync(db, source, source[ModelsScheme.Length..].TrimStart('/'), cancellationToken)
        : OfUriAsync(db, source, null, cancellationToken);

    private static async Task<SourceFolder> OfRunAsync(RegistryContext db, string rest, CancellationToken cancellationToken)
    {
        var slash = rest.IndexOf('/', StringComparison.Ordinal);
        var runId = slash < 0 ? rest : rest[..slash];
        var path = slash < 0 ? "" : ArtifactPath.Checked(rest[(slash + 1)..]);
        var root = await db.Runs.Where(r => r.RunId == runId).Select(r => r.ArtifactUri).FirstOrDefaultAsync(cancellationToken);
        if (root is null)
        {
            // Registered all the same, as with MLflow: a version without files says so itself.
            return new([], null, null);
        }

        var folder = await OfUriAsync(db, path.Length == 0 ? root : $"{root}/{path}", null, cancellationToken);
        if (folder.Files.Count > 0)
        {
            return folder with { RunId = runId };
        }

        // MLflow 3 keeps what a run logs under a name with the logged model, not with the run.
        var logged = await db.LoggedModels.Where(m => m.SourceRunId == runId && m.Name == path && m.LifecycleStage == LifecycleStage.Active)
            .OrderByDescending(m => m.CreationTime).FirstOrDefaultAsync(cancellationToken);
        return logged is null ? folder with { RunId = runId } : await OfUriAsync(db, logged.ArtifactUri, logged, cancellationToken);
    }

    private static async Task<SourceFolder> OfModelAsync(RegistryContext db, string source, string rest, CancellationToken cancellationToken)
    {
        var separator = rest.LastIndexOfAny(['/', '@']);
        if (separator < 0)
        {
            var logged = await db.LoggedModels.FirstOrDefaultAsync(m => m.ModelId == rest && m.LifecycleStage == LifecycleStage.Active, cancellationToken)
                ?? throw MlflowError.NotFound($"Logged model with ID '{rest}' not found.");
            return await OfUriAsync(db, logged.ArtifactUri, logged, cancellationToken);
        }

        var model = await ModelReader.ModelAsync(db, rest[..separator], cancellationToken);
        var last = rest[(separator + 1)..];
        var number = rest[separator] == '@'
            ? await db.Aliases.Where(a => a.ModelId == model.ModelId && a.Alias == last).Select(a => (int?)a.Version).FirstOrDefaultAsync(cancellationToken)
                ?? throw MlflowError.Invalid($"Registered model alias {last} not found.")
            : int.TryParse(last, NumberStyles.None, CultureInfo.InvariantCulture, out var written) ? written
            : throw Unknown(source);
        var version = await ModelReader.VersionAsync(db, model, number, cancellationToken);
        return new(await OfVersionAsync(db, model.ModelId, number, "", cancellationToken), version.RunId, version.LoggedModelId);
    }

    private static async Task<SourceFolder> OfUriAsync(RegistryContext db, string uri, LoggedModel? logged, CancellationToken cancellationToken)
    {
        if (ArtifactPath.FromUri(uri) is not { } folder)
        {
            return IsElsewhere(uri) ? new([], null, null) : throw Unknown(uri);
        }

        var files = VersionTree.Parse(folder) is { } at
            ? await OfVersionAsync(db, at.ModelId, at.Version, at.Path.Length == 0 ? "" : at.Path + "/", cancellationToken)
            : [.. (await ArtifactTree.FilesBelowAsync(db, folder, cancellationToken))
                .Select(f => new ManifestFile { Path = f.Path[(folder.Length + 1)..], Sha256 = f.Sha256!, SizeBytes = f.SizeBytes })];
        logged ??= await db.LoggedModels.FirstOrDefaultAsync(m => m.ArtifactUri == uri && m.LifecycleStage == LifecycleStage.Active, cancellationToken);
        return new(files, logged?.SourceRunId, logged?.ModelId);
    }

    private static async Task<List<ManifestFile>> OfVersionAsync(RegistryContext db, long modelId, int version, string prefix, CancellationToken cancellationToken)
    {
        var files = await db.VersionFiles.AsNoTracking().Where(f => f.ModelId == modelId && f.Version == version).OrderBy(f => f.Path).ToListAsync(cancellationToken);
        return [.. files.Where(f => f.Path.StartsWith(prefix, StringComparison.Ordinal))
            .Select(f => new ManifestFile { Path = f.Path[prefix.Length..], Sha256 = f.Sha256, SizeBytes = f.SizeBytes })];
    }

    /// <summary>Whether a path leads out of where it seems to be, however often it is encoded.</summary>
    private static bool Misleads(string source)
    {
        for (var decoded = Uri.UnescapeDataString(source); decoded != source; decoded = Uri.UnescapeDataString(source))
        {
            source = decoded;
        }

        return source.Contains('\0', StringComparison.Ordinal) || source.Split('/', '\\', '?', '#').Contains("..");
    }

    /// <summary>A store that is not the registry's, such as <c>s3://…</c>; local paths would be those of the server.</summary>
    private static bool IsElsewhere(string uri) => Uri.TryCreate(uri, UriKind.Absolute, out var parsed) && !parsed.IsFile && parsed.Scheme.Length > 1;

    private static ErrorAnswerException Unknown(string source) => MlflowError.Invalid(
        $"Invalid model version source: '{source}'. Allowed are 'runs:/<run_id>/<path>', 'mlflow-artifacts:/<path>', 'models:/<logged model id>', 'models:/<name>/<version>' and 'models:/<name>@<alias>'.");
}

using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using MlSystem.Registry.Mlflow;
using MlSystem.Registry.Storage;
using MlSystem.Registry.Tracking;

namespace MlSystem.Registry.Artifacts;

/// <summary>MLflow's artifact proxy (<c>mlflow-artifacts/artifacts/…</c>) and its <c>artifacts/list</c>.</summary>
internal static class ArtifactEndpoints
{
    public static void MapArtifacts(this RouteGroupBuilder artifacts, ArtifactOptions options)
    {
        artifacts.MapGet("/artifacts", ListAsync);
        artifacts.MapPut("/artifacts/{**path}", UploadAsync).WithMetadata(new UploadLimit(options.MaxUploadBytes));
        artifacts.MapGet("/artifacts/{**path}", DownloadAsync);
        artifacts.MapDelete("/artifacts/{**path}", DeleteAsync);
        artifacts.MapPost("/mpu/{call}/{**path}", RefuseMultipart);
        artifacts.MapGet("/presigned/{**path}", RefusePresigned);
    }

    public static void MapRunArtifacts(this RouteGroupBuilder mlflow) => mlflow.MapGet("/artifacts/list", ListOfRunAsync);

    // MLflow's clients go back to one plain request when they read how these messages begin.
    private static IResult RefuseMultipart() =>
        throw MlflowError.NotImplemented("Multipart upload is not supported for the current artifact repository: send the file in one request, it is streamed.");

    private static IResult RefusePresigned() =>
        throw MlflowError.NotImplemented("Multipart download is not supported for the current artifact repository: get the file in one request, it is streamed.");

    private static async Task<JsonHttpResult<MlflowEmpty>> UploadAsync(
        string path, HttpRequest request, BlobStore blobs, ArtifactTree tree, CancellationToken cancellationToken)
    {
        var target = VersionTree.Writable(ArtifactPath.Checked(path));
        var blob = await blobs.WriteAsync(request.BodyReader, cancellationToken);
        await tree.PutAsync(target, blob, cancellationToken);
        return MlflowResults.Empty;
    }

    private static async Task<IResult> DownloadAsync(string path, HttpContext context, BlobStore blobs, ArtifactTree tree, VersionTree versions, CancellationToken cancellationToken)
    {
        var wanted = ArtifactPath.Checked(path);
        var entry = VersionTree.Contains(wanted) ? await versions.FindAsync(wanted, cancellationToken) : await tree.FindAsync(wanted, cancellationToken);
        return entry is { IsDirectory: false }
            ? blobs.Answer(context, new(entry.Sha256!, entry.SizeBytes), wanted)
            : throw MlflowError.NotFound(entry is null ? $"No artifact at '{wanted}'." : $"'{wanted}' is a folder.");
    }

    private static async Task<JsonHttpResult<ArtifactsAnswer>> ListAsync(string? path, ArtifactTree tree, VersionTree versions, CancellationToken cancellationToken)
    {
        var folder = ArtifactPath.Checked(path, allowRoot: true);
        var entries = VersionTree.Contains(folder) ? await versions.ListAsync(folder, cancellationToken) : await tree.ListAsync(folder, cancellationToken);
        return MlflowResults.Ok(new ArtifactsAnswer(null, [.. entries.Select(e => Message(e, ArtifactPath.NameOf(e.Path)))]));
    }

    private static async Task<JsonHttpResult<MlflowEmpty>> DeleteAsync(string path, ArtifactTree tree, CancellationToken cancellationToken)
    {
        await tree.DeleteAsync(VersionTree.Writable(ArtifactPath.Checked(path)), cancellationToken);
        return MlflowResults.Empty;
    }

    private static async Task<JsonHttpResult<ArtifactsAnswer>> ListOfRunAsync(
        MlflowRequest<ListArtifacts> request, RegistryDatabase database, ArtifactTree tree, CancellationToken cancellationToken)
    {
        var runId = Require.Text(request.Message.RunId ?? request.Message.RunUuid, "run_id");
        var path = ArtifactPath.Checked(request.Message.Path, allowRoot: true);
        string uri;
        await using (var db = database.Read())
        {
            uri = await db.Runs.Where(r => r.RunId == runId).Select(r => r.ArtifactUri).FirstOrDefaultAsync(cancellationToken) ?? throw RunStore.NotFound(runId);
        }

        return MlflowResults.Ok(await BelowAsync(tree, uri, path, cancellationToken));
    }

    /// <summary>A listing of the artifacts of a run or logged model, with paths relative to its root.</summary>
    internal static async Task<ArtifactsAnswer> BelowAsync(ArtifactTree tree, string uri, string path, CancellationToken cancellationToken)
    {
        var root = ArtifactPath.FromUri(uri)
            ?? throw MlflowError.Invalid($"The artifacts are at '{uri}', outside this registry: list them there.");
        var entries = await tree.ListAsync(ArtifactPath.Join(root, path), cancellationToken);
        return new(uri, entries.Count == 0 ? null : [.. entries.Select(e => Message(e, e.Path[(root.Length + 1)..]))]);
    }

    private static FileInfoMessage Message(ArtifactEntry entry, string path) => new(path, entry.IsDirectory, entry.IsDirectory ? null : entry.SizeBytes);

    /// <summary>Replaces the server's limit of a body, which is meant for JSON.</summary>
    private sealed record UploadLimit(long? MaxRequestBodySize) : IRequestSizeLimitMetadata;
}

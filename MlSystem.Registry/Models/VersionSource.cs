using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using MlSystem.Contracts;
using MlSystem.Registry.Artifacts;
using MlSystem.Registry.Mlflow;
using MlSystem.Registry.Storage;

namespace MlSystem.Registry.Models;

/// <summary>The artifact folder that a version is made from, as it was when the version was created.</summary>
/// <param name="Files">Paths relative to the folder, hashes, sizes.</param>
/// <param name="Refusal">Why the version can't be servable, or null when the validation decides.</param>
internal sealed record VersionSource(IReadOnlyList<ManifestFile> Files, string? Signature, string? Lineage, string? Refusal)
{
    private const string RunsScheme = "runs:/";

    /// <summary>Descriptions are read into memory, so they have a bound.</summary>
    private const int MaxDescriptionBytes = 16 * 1024 * 1024;

    /// <summary>Reads the folder of <c>runs:/{run}/{path}</c> or <c>mlflow-artifacts:/{path}</c>.</summary>
    public static async Task<VersionSource> ReadAsync(RegistryDatabase database, BlobStore blobs, string source, CancellationToken cancellationToken)
    {
        await using var db = database.Read();
        var folder = await FolderAsync(db, source, cancellationToken);
        var files = (await ArtifactTree.FilesBelowAsync(db, folder, cancellationToken))
            .Select(f => new ManifestFile { Path = f.Path[(folder.Length + 1)..], Sha256 = f.Sha256!, SizeBytes = f.SizeBytes })
            .ToList();
        var (signature, signatureProblem) = await DescriptionAsync<ModelSignature>(blobs, files, ModelFiles.Signature, cancellationToken);
        var (lineage, lineageProblem) = await DescriptionAsync<ModelLineage>(blobs, files, ModelFiles.Lineage, cancellationToken);
        var (execution, executionProblem) = await DescriptionAsync<ExecutionSettings>(blobs, files, ModelFiles.Execution, cancellationToken);
        var refusal = files.Count == 0 ? $"there are no files at '{source}'"
            : signatureProblem ?? lineageProblem ?? executionProblem ?? ExecutionFile.Problem(execution)
            ?? (files.TrueForAll(f => f.Path != ModelFiles.Onnx) ? $"the folder has no {ModelFiles.Onnx}" : signature is null ? $"the folder has no {ModelFiles.Signature}" : null);
        return new(files, signature, lineage, refusal);
    }

    private static async Task<string> FolderAsync(RegistryContext db, string source, CancellationToken cancellationToken)
    {
        var uri = source;
        if (source.StartsWith(RunsScheme, StringComparison.Ordinal))
        {
            var rest = source[RunsScheme.Length..];
            var slash = rest.IndexOf('/', StringComparison.Ordinal);
            var runId = slash < 0 ? rest : rest[..slash];
            var root = await db.Runs.Where(r => r.RunId == runId).Select(r => r.ArtifactUri).FirstOrDefaultAsync(cancellationToken)
                ?? throw MlflowError.NotFound($"Run with id={runId} not found");
            uri = slash < 0 ? root : $"{root}/{ArtifactPath.Checked(rest[(slash + 1)..])}";
        }

        return ArtifactPath.FromUri(uri)
            ?? throw MlflowError.Invalid($"Invalid model version source: '{source}'. Allowed are 'runs:/<run_id>/<path>' and 'mlflow-artifacts:/<path>'.");
    }

    private static async Task<(string? Json, string? Problem)> DescriptionAsync<T>(BlobStore blobs, List<ManifestFile> files, string name, CancellationToken cancellationToken)
    {
        if (files.Find(f => f.Path == name) is not { } file)
        {
            return (null, null);
        }

        if (file.SizeBytes > MaxDescriptionBytes)
        {
            return (null, $"{name} is larger than {MaxDescriptionBytes} bytes");
        }

        try
        {
            await using var stream = blobs.OpenRead(file.Sha256);
            using var document = await JsonDocument.ParseAsync(stream, cancellationToken: cancellationToken);
            var value = document.Deserialize(ContractsJson.Default.GetTypeInfo(typeof(T))!);
            return value is null ? (null, $"{name} is null") : (document.RootElement.GetRawText(), null);
        }
        catch (JsonException error)
        {
            return (null, $"{name} can't be read: {error.Message}");
        }
    }
}

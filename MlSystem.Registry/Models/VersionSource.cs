using System.Text.Json;
using MlSystem.Contracts;
using MlSystem.Registry.Artifacts;
using MlSystem.Registry.Storage;
using MlSystem.Registry.Validation;

namespace MlSystem.Registry.Models;

/// <summary>The artifact folder that a version is made from, as it was when the version was created.</summary>
/// <param name="Files">Paths relative to the folder, hashes, sizes.</param>
/// <param name="Refusal">Why the version can't be servable, or null when the validation decides.</param>
/// <param name="RunId">The run that made it, where the source says so.</param>
/// <param name="LoggedModelId">The logged model that the source names.</param>
internal sealed record VersionSource(IReadOnlyList<ManifestFile> Files, string? Signature, string? Lineage, string? Refusal, string? RunId = null, string? LoggedModelId = null)
{
    /// <summary>Descriptions are read into memory, so they have a bound.</summary>
    private const int MaxDescriptionBytes = 16 * 1024 * 1024;

    private static readonly string[] ModelFileNames = [ModelFiles.Onnx, ModelFiles.MlNet, ModelFiles.Ensemble];

    /// <summary>Reads the folder that a source names: see <see cref="SourceFolder"/>.</summary>
    public static async Task<VersionSource> ReadAsync(RegistryDatabase database, BlobStore blobs, string source, CancellationToken cancellationToken)
    {
        await using var db = database.Read();
        var folder = await SourceFolder.ReadAsync(db, source, cancellationToken);
        var files = folder.Files;
        var (signature, signatureProblem) = await DescriptionAsync<ModelSignature>(blobs, files, ModelFiles.Signature, cancellationToken);
        var (lineage, lineageProblem) = await DescriptionAsync<ModelLineage>(blobs, files, ModelFiles.Lineage, cancellationToken);
        var (execution, executionProblem) = await DescriptionAsync<ExecutionSettings>(blobs, files, ModelFiles.Execution, cancellationToken);
        var (_, graphProblem) = await DescriptionAsync<EnsembleSpec>(blobs, files, ModelFiles.Ensemble, cancellationToken);
        var refusal = files.Count == 0 ? $"this registry has no files at '{source}'"
            : signatureProblem ?? lineageProblem ?? executionProblem ?? ExecutionFile.Problem(execution)
            ?? graphProblem
            ?? (signature is null && files.Exists(f => f.Path == MlflowModelFile.Name) && !files.Exists(f => f.Path is ModelFiles.MlNet or ModelFiles.Ensemble)
                ? await LoggedByMlflowAsync(blobs, files, cancellationToken)
                : ModelProblem([.. ModelFileNames.Where(name => files.Exists(f => f.Path == name))]));
        return new(files, signature, lineage, refusal, folder.RunId, folder.LoggedModelId);
    }

    private static string? ModelProblem(string[] models) => models.Length switch
    {
        0 => $"the folder has no {string.Join(" or ", ModelFileNames)}",
        1 => null,
        _ => $"the folder has {string.Join(" and ", models)}: a version is one of them",
    };

    /// <summary>Why a folder that an MLflow client logged can't be servable; null when the validation makes its signature from the model.</summary>
    private static async Task<string?> LoggedByMlflowAsync(BlobStore blobs, List<ManifestFile> files, CancellationToken cancellationToken)
    {
        var file = files.Find(f => f.Path == MlflowModelFile.Name)!;
        if (file.SizeBytes > MaxDescriptionBytes)
        {
            return $"{MlflowModelFile.Name} is larger than {MaxDescriptionBytes} bytes";
        }

        try
        {
            using var reader = new StreamReader(blobs.OpenRead(file.Sha256));
            var described = MlflowModelFile.Parse(new StringReader(await reader.ReadToEndAsync(cancellationToken)));
            return described.Refusal
                ?? (described.OnnxFile != ModelFiles.Onnx ? $"the ONNX model is at '{described.OnnxFile}'; it must be {ModelFiles.Onnx}"
                : files.TrueForAll(f => f.Path != ModelFiles.Onnx) ? $"the folder has no {ModelFiles.Onnx}"
                : null);
        }
        catch (FormatException error)
        {
            return error.Message;
        }
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

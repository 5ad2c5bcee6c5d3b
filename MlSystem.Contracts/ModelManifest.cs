namespace MlSystem.Contracts;

/// <summary>The files of a model version with their hashes; verified before anything is loaded.</summary>
public sealed record ModelManifest
{
    public required IReadOnlyList<ManifestFile> Files { get; init; }
}

/// <summary>One file of a version.</summary>
public sealed record ManifestFile
{
    /// <summary>Path relative to the artifact folder, with forward slashes.</summary>
    public required string Path { get; init; }

    /// <summary>SHA-256 of the content, 64 lower-case hexadecimal digits.</summary>
    public required string Sha256 { get; init; }

    public required long SizeBytes { get; init; }
}

/// <summary>File names with a meaning inside an artifact folder.</summary>
public static class ModelFiles
{
    public const string Onnx = "model.onnx";

    /// <summary>A pipeline saved by ML.NET's <c>mlContext.Model.Save</c>.</summary>
    public const string MlNet = "model.zip";

    /// <summary><see cref="EnsembleSpec"/>: a graph of other versions.</summary>
    public const string Ensemble = "ensemble.json";

    public const string Signature = "signature.json";
    public const string Baseline = "baseline.json";
    public const string Metrics = "metrics.json";
    public const string Lineage = "lineage.json";

    /// <summary><see cref="ExecutionSettings"/>; optional.</summary>
    public const string Execution = "execution.json";
}

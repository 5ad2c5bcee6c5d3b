using System.Text.Json;
using Microsoft.Extensions.Options;
using MlSystem.Training.Pipelines;
using MlSystem.Training.Runs;

namespace MlSystem.Training.Samples;

/// <summary>Samples are folders with a <c>sample.json</c>.</summary>
public sealed class SampleCatalog(IOptions<RunOptions> options)
{
    private const string ManifestFile = "sample.json";

    /// <summary>Names, sorted.</summary>
    public IReadOnlyList<string> Names => Directory.Exists(options.Value.SamplesDirectory)
        ? [.. Directory.EnumerateDirectories(options.Value.SamplesDirectory)
            .Where(folder => System.IO.File.Exists(Path.Combine(folder, ManifestFile)))
            .Select(folder => Path.GetFileName(folder)).Order(StringComparer.Ordinal)]
        : [];

    public SampleManifest Manifest(string sample) => JsonSerializer.Deserialize(Text(sample, ManifestFile), TrainingJson.Default.SampleManifest)!;

    /// <summary>The sample's pipeline, checked like any other.</summary>
    public PipelineDefinition Pipeline(string sample)
    {
        using var document = JsonDocument.Parse(Text(sample, Manifest(sample).Pipeline));
        var (definition, errors) = PipelineReader.Read(document.RootElement);
        return definition ?? throw new InvalidDataException($"The pipeline of sample '{sample}' has errors: {string.Join("; ", errors.Select(e => $"{e.Path} {e.Message}"))}");
    }

    public string Text(string sample, string file) => System.IO.File.ReadAllText(File(sample, file));

    /// <summary>Path of a file of a sample.</summary>
    public string File(string sample, string file) => Path.Combine(options.Value.SamplesDirectory, sample, file);
}

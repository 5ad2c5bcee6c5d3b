using System.Globalization;
using System.Security.Cryptography;

namespace MlSystem.Training.Steps;

/// <summary>The artifact folder of a run: a folder for each finished step, which appears whole or not at all.</summary>
public sealed class RunFolder(string root, IReadOnlyList<string> steps)
{
    /// <summary>The folder of a step's outputs.</summary>
    public string Of(string step)
    {
        var index = steps.ToList().IndexOf(step);
        return index >= 0
            ? PathOf(root, index, step)
            : throw new ArgumentException($"The run has no step '{step}'.", nameof(step));
    }

    /// <summary>The folder of the run.</summary>
    internal string Root => root;

    /// <summary>The steps, in order.</summary>
    internal IReadOnlyList<string> Steps => steps;

    internal static string PathOf(string root, int index, string step) => Path.Combine(root, string.Create(CultureInfo.InvariantCulture, $"{index:00}-{step}"));

    /// <summary>An empty folder in which an attempt writes.</summary>
    public string Begin(string step)
    {
        var draft = Of(step) + ".draft";
        DeleteIfThere(draft);
        return Directory.CreateDirectory(draft).FullName;
    }

    /// <summary>Makes the attempt's files the step's outputs.</summary>
    public async Task<IReadOnlyList<StepOutput>> CommitAsync(string step, CancellationToken cancellationToken)
    {
        var draft = Of(step) + ".draft";
        var outputs = await HashAsync(draft, cancellationToken);
        DeleteIfThere(Of(step));
        Directory.Move(draft, Of(step));
        return outputs;
    }

    /// <summary>Whether a finished step's files are still there, byte for byte.</summary>
    public async Task<bool> IsIntactAsync(string step, IReadOnlyList<StepOutput> outputs, CancellationToken cancellationToken) =>
        Directory.Exists(Of(step)) && (await HashAsync(Of(step), cancellationToken)).SequenceEqual(outputs);

    private static async Task<IReadOnlyList<StepOutput>> HashAsync(string folder, CancellationToken cancellationToken)
    {
        List<StepOutput> outputs = [];
        foreach (var file in Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal))
        {
            await using var stream = File.OpenRead(file);
            var hash = Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellationToken));
            outputs.Add(new StepOutput(Path.GetFileName(file), hash, stream.Length));
        }

        return outputs;
    }

    private static void DeleteIfThere(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}

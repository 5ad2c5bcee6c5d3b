using System.Globalization;
using System.Text.Json;
using MlSystem.ServiceDefaults.Storage;

namespace MlSystem.Training.Executors;

/// <summary>
/// A step of an exported pipeline: another orchestrator starts it with all that it needs in its arguments, and it finds the files of the
/// steps before it in the run's folder on the shared volume.
/// </summary>
internal static class ExportedStep
{
    public const string Name = "--name";
    public const string Steps = "--steps";
    public const string Run = "--run";
    public const string Version = "--pipeline-version";
    public const string Trigger = "--trigger";
    public const string Evidence = "--evidence";
    public const string Definition = "--definition";
    private const string RunFile = "begun.txt";
    private static readonly string[] Known = [Name, Steps, Run, Version, Trigger, Evidence, Definition];

    public static async Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        try
        {
            return await StepProcess.RunAsync(await RequestAsync(Read(arguments)));
        }
        catch (Exception error) when (error is ArgumentException or JsonException or IOException)
        {
            await Console.Error.WriteLineAsync(error.Message);
            return 2;
        }
    }

    /// <summary>Where a run has its files: orchestrators' ids hold characters that no folder may.</summary>
    internal static string FolderOf(string dataDirectory, string pipeline, string run) => Path.Combine(dataDirectory, "exported", pipeline, Uri.EscapeDataString(run));

    /// <exception cref="ArgumentException">An argument is unknown, twice there or missing.</exception>
    private static Dictionary<string, string> Read(IReadOnlyList<string> arguments)
    {
        Dictionary<string, string> values = new(StringComparer.Ordinal);
        for (var i = 0; i < arguments.Count; i += 2)
        {
            if (!Known.Contains(arguments[i], StringComparer.Ordinal) || i + 1 == arguments.Count || !values.TryAdd(arguments[i], arguments[i + 1]))
            {
                throw new ArgumentException($"step: '{arguments[i]}' is unknown, has no value or comes twice; there are {string.Join(", ", Known)}");
            }
        }

        return Known.FirstOrDefault(k => !values.ContainsKey(k)) is { } missing ? throw new ArgumentException($"step: {missing} is missing") : values;
    }

    private static async Task<StepRequest> RequestAsync(Dictionary<string, string> values)
    {
        var definition = JsonSerializer.Deserialize(values[Definition], TrainingJson.Default.PipelineDefinition) ?? throw new ArgumentException($"step: {Definition} is null");
        var configuration = new ConfigurationBuilder().AddEnvironmentVariables().Build();
        using var data = new DataDirectory(configuration, "training");
        var folder = FolderOf(data.Root, definition.Name, values[Run]);
        Directory.CreateDirectory(folder);
        return new StepRequest
        {
            Step = values[Name],
            Steps = values[Steps].Split(','),
            Definition = definition,
            Folder = folder,
            Run = new StepRun(
                values[Run], definition.Name, int.Parse(values[Version], CultureInfo.InvariantCulture), Sample: null, values[Trigger], values[Evidence], await BeginningAsync(folder)),
        };
    }

    /// <summary>When the run began: the first step writes it, so that all steps see the same moment, also when one is tried again.</summary>
    private static async Task<DateTimeOffset> BeginningAsync(string folder)
    {
        var file = Path.Combine(folder, RunFile);
        if (!File.Exists(file))
        {
            var draft = Path.Combine(folder, $"{RunFile}.{Environment.MachineName}-{Environment.ProcessId}");
            await File.WriteAllTextAsync(draft, TimeProvider.System.GetUtcNow().ToString("O", CultureInfo.InvariantCulture));
            try
            {
                File.Move(draft, file, overwrite: false);
            }
            catch (IOException) when (File.Exists(file))
            {
                File.Delete(draft);
            }
        }

        return DateTimeOffset.Parse(await File.ReadAllTextAsync(file), CultureInfo.InvariantCulture);
    }
}

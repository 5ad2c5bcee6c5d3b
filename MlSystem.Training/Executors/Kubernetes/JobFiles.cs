using System.Text;
using System.Text.Json;

namespace MlSystem.Training.Executors.Kubernetes;

/// <summary>
/// What the service and a Job tell each other on the shared volume: a folder in the run's, named as the Job, with the request,
/// the lines that the step tells, and its outputs.
/// </summary>
internal sealed class JobFiles(string runFolder, string job)
{
    public const string RequestFile = "request.json";
    private const string MessageFile = "messages.jsonl";
    private long _read;

    public string Folder { get; } = Path.Combine(runFolder, "jobs", job);

    public string Output => Path.Combine(Folder, "output");

    public string Request => Path.Combine(Folder, RequestFile);

    /// <summary>The file of messages beside a request.</summary>
    public static string MessagesOf(string request) => Path.Combine(Path.GetDirectoryName(request)!, MessageFile);

    /// <summary>An empty folder with the request. It holds no settings: those may be keys.</summary>
    public async Task WriteAsync(StepRequest request, CancellationToken cancellationToken)
    {
        if (Directory.Exists(Folder))
        {
            Directory.Delete(Folder, recursive: true);
        }

        Directory.CreateDirectory(Output);
        await File.WriteAllTextAsync(Request, JsonSerializer.Serialize(request, StepJson.Default.StepRequest), cancellationToken);
    }

    /// <summary>The whole lines that have come since the last call.</summary>
    public async Task<IReadOnlyList<StepMessage>> ReadNewAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var file = new FileStream(MessagesOf(Request), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            file.Position = _read;
            using var buffer = new MemoryStream();
            await file.CopyToAsync(buffer, cancellationToken);
            var text = buffer.ToArray();
            var whole = Array.LastIndexOf(text, (byte)'\n') + 1;
            _read += whole;
            return [.. Encoding.UTF8.GetString(text, 0, whole).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Parse)];
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return [];
        }
    }

    /// <summary>Makes the outputs those of the attempt.</summary>
    public void MoveTo(string output)
    {
        foreach (var file in Directory.EnumerateFiles(Output))
        {
            File.Move(file, Path.Combine(output, Path.GetFileName(file)), overwrite: true);
        }
    }

    public void Delete() => Directory.Delete(Folder, recursive: true);

    private static StepMessage Parse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, StepJson.Default.StepMessage)!;
        }
        catch (JsonException)
        {
            return new StepMessage { Log = line };
        }
    }
}

using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.ML.OnnxRuntime;
using MlSystem.Contracts;
using SessionOptions = Microsoft.ML.OnnxRuntime.SessionOptions;

namespace MlSystem.Registry.Validation;

/// <summary>The child process: <c>validate {folder}</c> loads the model, compares it with its signature and predicts a probe row.</summary>
internal static class ModelProbe
{
    public const string Command = "validate";

    /// <summary>Writes one line of JSON, the verdict; exit code 0 means that there is one.</summary>
    public static int Run(string folder)
    {
        DieWithParent();
        string? reason;
        ModelSignature? derived = null;
        try
        {
            using var options = new SessionOptions { IntraOpNumThreads = 1, InterOpNumThreads = 1, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
            using var session = new InferenceSession(Path.Combine(folder, ModelFiles.Onnx), options);
            derived = File.Exists(Path.Combine(folder, ModelFiles.Signature)) ? null : Derive(folder, session);
            var signature = derived ?? Given(folder);
            reason = SignatureCheck.Problem(session, signature) ?? ProbeRow.Problem(session, signature);
        }
        catch (Exception error) when (error is OnnxRuntimeException or JsonException or IOException or FormatException)
        {
            reason = error.Message;
        }

        Console.WriteLine(JsonSerializer.Serialize(new ProbeVerdict(reason is null, reason, reason is null ? derived : null), ValidationJson.Default.ProbeVerdict));
        return 0;
    }

    private static ModelSignature Given(string folder)
    {
        using var file = File.OpenRead(Path.Combine(folder, ModelFiles.Signature));
        return JsonSerializer.Deserialize(file, ContractsJson.Default.ModelSignature)!;
    }

    private static ModelSignature Derive(string folder, InferenceSession session)
    {
        using var described = File.OpenText(Path.Combine(folder, MlflowModelFile.Name));
        return DerivedSignature.Of(session, MlflowModelFile.Parse(described));
    }

    /// <summary>The parent holds the other end of standard input: its end is the parent's death, and a model that hangs must not outlive it.</summary>
    private static void DieWithParent() => new Thread(() =>
    {
        Console.OpenStandardInput().ReadByte();
        Process.GetCurrentProcess().Kill();
    })
    { IsBackground = true }.Start();
}

/// <summary>What the child process found.</summary>
/// <param name="Signature">Made from the model, where it brings none.</param>
internal sealed record ProbeVerdict(bool Servable, string? Reason, ModelSignature? Signature);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ProbeVerdict))]
internal sealed partial class ValidationJson : JsonSerializerContext;

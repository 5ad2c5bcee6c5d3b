using System.Diagnostics;
using System.Runtime.CompilerServices;
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
        Console.WriteLine(JsonSerializer.Serialize(Verdict(folder), ValidationJson.Default.ProbeVerdict));
        return 0;
    }

    private static ProbeVerdict Verdict(string folder)
    {
        try
        {
            var signature = Signature(Path.Combine(folder, ModelFiles.Signature));
            var zip = Path.Combine(folder, ModelFiles.MlNet);
            return File.Exists(zip) ? MlNet(zip, signature) : Onnx(Path.Combine(folder, ModelFiles.Onnx), signature);
        }
        catch (Exception error) when (error is OnnxRuntimeException or JsonException or IOException or FormatException)
        {
            return ProbeVerdict.Refused(error.Message);
        }
    }

    private static ProbeVerdict Onnx(string file, ModelSignature? declared)
    {
        using var options = new SessionOptions { IntraOpNumThreads = 1, InterOpNumThreads = 1, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
        using var session = new InferenceSession(file, options);
        var (signature, problem) = declared is null ? Derive(Path.GetDirectoryName(file)!, session) : (declared, SignatureCheck.Problem(session, declared));
        problem ??= ProbeRow.Problem(session, signature!);
        return problem is null ? ProbeVerdict.Accepted(signature!) : ProbeVerdict.Refused(problem);
    }

    /// <summary>With what MLflow says of it, where an MLflow client logged it.</summary>
    private static (ModelSignature? Signature, string? Problem) Derive(string folder, InferenceSession session)
    {
        var description = Path.Combine(folder, MlflowModelFile.Name);
        if (!File.Exists(description))
        {
            return OnnxSignature.Of(session);
        }

        using var described = File.OpenText(description);
        return (DerivedSignature.Of(session, MlflowModelFile.Parse(described)), null);
    }

    // A method of its own, so that ML.NET's assemblies are loaded for its models alone.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ProbeVerdict MlNet(string file, ModelSignature? declared) => MlNetProbe.Run(file, declared);

    private static ModelSignature? Signature(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        using var file = File.OpenRead(path);
        return JsonSerializer.Deserialize(file, ContractsJson.Default.ModelSignature);
    }

    /// <summary>The parent holds the other end of standard input: its end is the parent's death, and a model that hangs must not outlive it.</summary>
    private static void DieWithParent() => new Thread(() =>
    {
        Console.OpenStandardInput().ReadByte();
        Process.GetCurrentProcess().Kill();
    })
    { IsBackground = true }.Start();
}

/// <summary>What the validation found.</summary>
/// <param name="Reason">Why it is not servable.</param>
/// <param name="Signature">The declared one, or what the model says of itself.</param>
internal sealed record ProbeVerdict(bool Servable, string? Reason, ModelSignature? Signature)
{
    public static ProbeVerdict Accepted(ModelSignature signature) => new(true, null, signature);

    public static ProbeVerdict Refused(string reason) => new(false, reason, null);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ProbeVerdict))]
internal sealed partial class ValidationJson : JsonSerializerContext;

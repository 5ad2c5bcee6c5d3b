using System.Text.Json.Serialization;

namespace MlSystem.AppHost.Standalone.Samples;

/// <summary>What this host reads of training's answer to <c>POST /api/samples/{sample}</c>.</summary>
internal sealed record SampleAnswer(string? RunId, bool AlreadyDone);

/// <summary>What this host reads of <c>GET /api/runs/{id}</c>.</summary>
internal sealed record RunState(string Status, string? Reason, IReadOnlyList<RunStep>? Steps)
{
    public bool HasEnded => Status is "succeeded" or "failed" or "cancelled";

    public bool Succeeded => Status == "succeeded";

    /// <summary>One line: the status, and each step with its own.</summary>
    public string Progress => Steps is { Count: > 0 } ? $"{Status} ({string.Join(", ", Steps.Select(step => $"{step.Name} {step.Status}"))})" : Status;
}

internal sealed record RunStep(string Name, string Status);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(SampleAnswer))]
[JsonSerializable(typeof(RunState))]
internal sealed partial class SampleJson : JsonSerializerContext;

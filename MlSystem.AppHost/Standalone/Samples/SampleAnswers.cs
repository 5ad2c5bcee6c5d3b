using System.Text.Json.Serialization;

namespace MlSystem.AppHost.Standalone.Samples;

/// <summary>What this host reads of training's answer to <c>POST /api/samples/{sample}</c>.</summary>
internal sealed record SampleAnswer(string? RunId, bool AlreadyDone);

/// <summary>What this host reads of <c>GET /api/runs/{id}</c>.</summary>
internal sealed record RunAnswer(string State, string? Error, string? FailedStep, string? Model, int? ModelVersion, IReadOnlyList<StepAnswer>? Steps)
{
    public bool HasEnded => State is "succeeded" or "failed" or "cancelled";

    public bool Succeeded => State == "succeeded";

    /// <summary>One line: the state, and each step that has one of its own to tell.</summary>
    public string Progress => Steps?.Where(step => step.State != "pending").ToList() is { Count: > 0 } told
        ? $"{State} ({string.Join(", ", told.Select(step => $"{step.Name} {step.State}"))})"
        : State;

    /// <summary>One line: what became of it and why.</summary>
    public string Outcome => $"{State}{(FailedStep is null ? "" : $" at step {FailedStep}")}{(Error is null ? "" : $": {Error}")}";
}

internal sealed record StepAnswer(string Name, string State);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(SampleAnswer))]
[JsonSerializable(typeof(RunAnswer))]
internal sealed partial class SampleJson : JsonSerializerContext;

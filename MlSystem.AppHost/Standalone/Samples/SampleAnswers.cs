using System.Text.Json.Serialization;

namespace MlSystem.AppHost.Standalone.Samples;

/// <summary>What this host reads of training's answer to <c>POST /api/samples/{sample}</c>.</summary>
internal sealed record SampleAnswer(string? RunId, bool AlreadyDone);

/// <summary>What this host reads of <c>GET /api/runs/{id}</c>.</summary>
internal sealed record RunAnswer(string State, string? Error, string? FailedStep, string? Model, int? ModelVersion, IReadOnlyList<StepAnswer>? Steps)
{
    public bool HasEnded => State is "succeeded" or "failed" or "cancelled";

    public bool Succeeded => State == "succeeded";

    /// <summary>One line: the state, and how far the steps are.</summary>
    public string Progress => Steps?.LastOrDefault(step => step.State != "pending") is { } step
        ? $"{State} (step {Steps.Count(each => each.State != "pending")} of {Steps.Count}: {step.Name} {step.State})"
        : State;

    /// <summary>One line: what became of it and why.</summary>
    public string Outcome => $"{State}{(FailedStep is null ? "" : $" at step {FailedStep}")}{(Error is null ? "" : $": {Error}")}";
}

internal sealed record StepAnswer(string Name, string State);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(SampleAnswer))]
[JsonSerializable(typeof(RunAnswer))]
internal sealed partial class SampleJson : JsonSerializerContext;

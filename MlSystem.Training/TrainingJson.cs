using System.Text.Json;
using System.Text.Json.Serialization;
using MlSystem.Training.Gates;
using MlSystem.Training.Pipelines;
using MlSystem.Training.Runs;
using MlSystem.Training.Samples;
using MlSystem.Training.Steps;
using MlSystem.Training.Tuning;
using MlSystem.Training.Trainers;

namespace MlSystem.Training;

/// <summary>JSON of the training API and of the files in a run's folder: snake_case, absent instead of null, unknown keys refused.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(PipelineDefinition))]
[JsonSerializable(typeof(PipelineView))]
[JsonSerializable(typeof(PipelineList))]
[JsonSerializable(typeof(RunRequest))]
[JsonSerializable(typeof(RunView))]
[JsonSerializable(typeof(RunList))]
[JsonSerializable(typeof(RunProgress))]
[JsonSerializable(typeof(SampleManifest))]
[JsonSerializable(typeof(SampleAnswer))]
[JsonSerializable(typeof(SampleList))]
[JsonSerializable(typeof(IReadOnlyList<StepOutput>))]
[JsonSerializable(typeof(IReadOnlyList<StepInput>))]
[JsonSerializable(typeof(Triggers.TriggerList))]
[JsonSerializable(typeof(Triggers.FiringList))]
[JsonSerializable(typeof(Runs.Logs.RunLogPage))]
[JsonSerializable(typeof(IReadOnlyList<DefinitionError>))]
[JsonSerializable(typeof(JoinReport))]
[JsonSerializable(typeof(ValidationReport))]
[JsonSerializable(typeof(SplitReport))]
[JsonSerializable(typeof(TrainingReport))]
[JsonSerializable(typeof(EvaluationReport))]
[JsonSerializable(typeof(GateDecision))]
[JsonSerializable(typeof(TuningReport))]
[JsonSerializable(typeof(TrialList))]
[JsonSerializable(typeof(Registration))]
[JsonSerializable(typeof(SortedDictionary<string, double>))]
[JsonSerializable(typeof(TrainerList))]
[JsonSerializable(typeof(JsonElement))]
[JsonSerializable(typeof(System.Text.Json.Nodes.JsonNode))]
internal sealed partial class TrainingJson : JsonSerializerContext;

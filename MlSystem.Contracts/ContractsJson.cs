using System.Text.Json.Serialization;

namespace MlSystem.Contracts;

/// <summary>The one JSON form of the contracts: snake_case names, absent instead of null.</summary>
/// <remarks>
/// A property with a default has a setter, not an initialiser: the generated reader assigns every init-only property,
/// also an absent one, and would overwrite the default with null or zero.
/// </remarks>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(ModelSignature))]
[JsonSerializable(typeof(ModelManifest))]
[JsonSerializable(typeof(ManifestStatement))]
[JsonSerializable(typeof(ManifestSignature))]
[JsonSerializable(typeof(ModelLineage))]
[JsonSerializable(typeof(ExecutionSettings))]
[JsonSerializable(typeof(EnsembleSpec))]
[JsonSerializable(typeof(Baseline))]
[JsonSerializable(typeof(Endpoint))]
[JsonSerializable(typeof(IReadOnlyList<Endpoint>))]
[JsonSerializable(typeof(PredictionEvent))]
[JsonSerializable(typeof(PredictionBatchEvent))]
[JsonSerializable(typeof(FeedbackEvent))]
[JsonSerializable(typeof(FeatureRowEvent))]
[JsonSerializable(typeof(RegistryEvent))]
[JsonSerializable(typeof(RunEvent))]
[JsonSerializable(typeof(AlertEvent))]
public sealed partial class ContractsJson : JsonSerializerContext;

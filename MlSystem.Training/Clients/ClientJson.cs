using System.Text.Json.Serialization;

namespace MlSystem.Training.Clients;

/// <summary>JSON of the other services' APIs; fields that training does not read are ignored.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(IngestAnswer))]
[JsonSerializable(typeof(FeatureService))]
[JsonSerializable(typeof(NamedRequest))]
[JsonSerializable(typeof(ExperimentCreated))]
[JsonSerializable(typeof(ExperimentAnswer))]
[JsonSerializable(typeof(SearchRunsRequest))]
[JsonSerializable(typeof(RunsAnswer))]
[JsonSerializable(typeof(RunAnswer))]
[JsonSerializable(typeof(CreateRunRequest))]
[JsonSerializable(typeof(LogBatchRequest))]
[JsonSerializable(typeof(UpdateRunRequest))]
[JsonSerializable(typeof(CreateVersionRequest))]
[JsonSerializable(typeof(VersionCreated))]
[JsonSerializable(typeof(AliasRequest))]
[JsonSerializable(typeof(RegisteredModelAnswer))]
[JsonSerializable(typeof(MlflowError))]
[JsonSerializable(typeof(VersionsAnswer))]
[JsonSerializable(typeof(ModelVersion))]
[JsonSerializable(typeof(Ignored))]
[JsonSerializable(typeof(PredictionPage))]
[JsonSerializable(typeof(PerformanceAnswer))]
[JsonSerializable(typeof(FeatureView))]
[JsonSerializable(typeof(ViewRowsRequest))]
[JsonSerializable(typeof(ViewStatistics))]
internal sealed partial class ClientJson : JsonSerializerContext;

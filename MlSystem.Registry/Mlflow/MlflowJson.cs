using System.Text.Json;
using System.Text.Json.Serialization;
using MlSystem.Registry.Artifacts;
using MlSystem.Registry.LoggedModels;
using MlSystem.Registry.Models;
using MlSystem.Registry.Tracking;
using MlSystem.Registry.Webhooks;

namespace MlSystem.Registry.Mlflow;

/// <summary>
/// MLflow's JSON: the field names of its messages, absent instead of null or empty, 64-bit integers as numbers (also read from strings),
/// NaN and infinities as strings.
/// </summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    NumberHandling = JsonNumberHandling.AllowReadingFromString | JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(System.Text.Json.Nodes.JsonNode))]
[JsonSerializable(typeof(MlflowEmpty))]
[JsonSerializable(typeof(CreateExperiment))]
[JsonSerializable(typeof(ExperimentRef))]
[JsonSerializable(typeof(ExperimentNameRef))]
[JsonSerializable(typeof(UpdateExperiment))]
[JsonSerializable(typeof(SearchExperiments))]
[JsonSerializable(typeof(SetExperimentTag))]
[JsonSerializable(typeof(ExperimentCreated))]
[JsonSerializable(typeof(ExperimentAnswer))]
[JsonSerializable(typeof(ExperimentsAnswer))]
[JsonSerializable(typeof(CreateRun))]
[JsonSerializable(typeof(RunRef))]
[JsonSerializable(typeof(UpdateRun))]
[JsonSerializable(typeof(SearchRuns))]
[JsonSerializable(typeof(RunAnswer))]
[JsonSerializable(typeof(RunInfoAnswer))]
[JsonSerializable(typeof(RunsAnswer))]
[JsonSerializable(typeof(LogMetric))]
[JsonSerializable(typeof(LogParameter))]
[JsonSerializable(typeof(LogBatch))]
[JsonSerializable(typeof(LogModel))]
[JsonSerializable(typeof(SetRunTag))]
[JsonSerializable(typeof(LogInputs))]
[JsonSerializable(typeof(LogOutputs))]
[JsonSerializable(typeof(SearchDatasets))]
[JsonSerializable(typeof(DatasetsAnswer))]
[JsonSerializable(typeof(RunsMetricHistory))]
[JsonSerializable(typeof(BulkMetricHistory))]
[JsonSerializable(typeof(MetricHistory))]
[JsonSerializable(typeof(MetricsAnswer))]
[JsonSerializable(typeof(ListArtifacts))]
[JsonSerializable(typeof(ArtifactsAnswer))]
[JsonSerializable(typeof(CreateModel))]
[JsonSerializable(typeof(ModelRef))]
[JsonSerializable(typeof(RenameModel))]
[JsonSerializable(typeof(LatestVersions))]
[JsonSerializable(typeof(TransitionStage))]
[JsonSerializable(typeof(UpdateModel))]
[JsonSerializable(typeof(SearchModels))]
[JsonSerializable(typeof(SetModelTag))]
[JsonSerializable(typeof(SetAlias))]
[JsonSerializable(typeof(ModelAnswer))]
[JsonSerializable(typeof(ModelsAnswer))]
[JsonSerializable(typeof(CreateVersion))]
[JsonSerializable(typeof(VersionRef))]
[JsonSerializable(typeof(UpdateVersion))]
[JsonSerializable(typeof(SetVersionTag))]
[JsonSerializable(typeof(VersionAnswer))]
[JsonSerializable(typeof(VersionsAnswer))]
[JsonSerializable(typeof(DownloadUri))]
[JsonSerializable(typeof(CreateLoggedModel))]
[JsonSerializable(typeof(LoggedModelRef))]
[JsonSerializable(typeof(FinalizeLoggedModel))]
[JsonSerializable(typeof(SetLoggedModelTags))]
[JsonSerializable(typeof(DeleteLoggedModelTag))]
[JsonSerializable(typeof(LogLoggedModelParams))]
[JsonSerializable(typeof(ListLoggedModelArtifacts))]
[JsonSerializable(typeof(SearchLoggedModels))]
[JsonSerializable(typeof(LoggedModelAnswer))]
[JsonSerializable(typeof(LoggedModelsAnswer))]
[JsonSerializable(typeof(ServerInfo))]
[JsonSerializable(typeof(CreateWebhook))]
[JsonSerializable(typeof(ListWebhooks))]
[JsonSerializable(typeof(WebhookRef))]
[JsonSerializable(typeof(UpdateWebhook))]
[JsonSerializable(typeof(TestWebhook))]
[JsonSerializable(typeof(WebhookAnswer))]
[JsonSerializable(typeof(WebhooksAnswer))]
[JsonSerializable(typeof(TestWebhookAnswer))]
internal sealed partial class MlflowJson : JsonSerializerContext;

/// <summary>The answer of calls that return nothing.</summary>
internal sealed record MlflowEmpty;

/// <summary>A tag, parameter or similar pair.</summary>
internal sealed record KeyValue(string? Key, string? Value);

/// <summary>Reads a string also from a JSON number: older clients send ids that way.</summary>
internal sealed class TextOrNumber : JsonConverter<string>
{
    public override string? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.Number
            ? reader.GetInt64().ToString(System.Globalization.CultureInfo.InvariantCulture)
            : reader.GetString();

    public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WriteStringValue(value);
}

/// <summary>Answers in MLflow's JSON.</summary>
internal static class MlflowResults
{
    public static Microsoft.AspNetCore.Http.HttpResults.JsonHttpResult<T> Ok<T>(T answer) =>
        TypedResults.Json(answer, (System.Text.Json.Serialization.Metadata.JsonTypeInfo<T>)MlflowJson.Default.GetTypeInfo(typeof(T))!);

    public static Microsoft.AspNetCore.Http.HttpResults.JsonHttpResult<MlflowEmpty> Empty { get; } = Ok(new MlflowEmpty());
}

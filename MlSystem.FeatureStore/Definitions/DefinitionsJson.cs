using System.Text.Json;
using System.Text.Json.Serialization;
using MlSystem.FeatureStore.Definitions.Breaking;

namespace MlSystem.FeatureStore.Definitions;

/// <summary>JSON form of the definitions: snake_case; an unknown member is a mistake of its writer and refused.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true,
    ReadCommentHandling = JsonCommentHandling.Skip,
    AllowTrailingCommas = true)]
[JsonSerializable(typeof(DefinitionSet))]
[JsonSerializable(typeof(EntityDefinition))]
[JsonSerializable(typeof(SourceDefinition))]
[JsonSerializable(typeof(FeatureViewDefinition))]
[JsonSerializable(typeof(StoredStreamFeatureView))]
[JsonSerializable(typeof(StoredOnDemandFeatureView))]
[JsonSerializable(typeof(FeatureServiceDefinition))]
[JsonSerializable(typeof(ApplyResult))]
[JsonSerializable(typeof(IReadOnlyList<PlannedChange>))]
[JsonSerializable(typeof(EntityList))]
[JsonSerializable(typeof(SourceList))]
[JsonSerializable(typeof(StreamFeatureViewList))]
[JsonSerializable(typeof(StreamFeatureViewAnswer))]
[JsonSerializable(typeof(OnDemandFeatureViewList))]
[JsonSerializable(typeof(OnDemandFeatureViewAnswer))]
[JsonSerializable(typeof(IReadOnlyList<BrokenService>))]
[JsonSerializable(typeof(FeatureViewList))]
[JsonSerializable(typeof(FeatureViewAnswer))]
[JsonSerializable(typeof(FeatureServiceList))]
[JsonSerializable(typeof(FeatureServiceAnswer))]
[JsonSerializable(typeof(StoredFeatureService))]
public sealed partial class DefinitionsJson : JsonSerializerContext;

using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using MlSystem.Testing;

namespace MlSystem.Contracts.Tests;

/// <summary>Reading a golden document and writing it again gives the same document: no property is lost, renamed or retyped.</summary>
public class GoldenTests
{
    public static TheoryData<string> Documents =>
    [
        .. Directory.GetFiles(Golden.Folder, "*.json").Select(path => Path.GetFileNameWithoutExtension(path)).Order(StringComparer.Ordinal),
    ];

    [Theory]
    [MemberData(nameof(Documents))]
    public void Round_trip_keeps_the_document(string name)
    {
        var type = TypeOf(name);
        var value = JsonSerializer.Deserialize(Golden.Text(name), type);

        var written = JsonSerializer.SerializeToNode(value, type);

        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(Golden.Text(name)), written), $"{name} became:\n{written}");
    }

    [Fact]
    public void Every_contract_has_a_golden_document()
    {
        var contracts = typeof(ContractsJson).GetCustomAttributesData()
            .Where(attribute => attribute.AttributeType == typeof(JsonSerializableAttribute))
            .Select(attribute => (Type)attribute.ConstructorArguments[0].Value!)
            .Where(type => !type.IsInterface);

        Assert.Equal(Names.Values.ToHashSet(), contracts.ToHashSet());
        Assert.Equal(Names.Keys.Order(StringComparer.Ordinal), Documents.Select(row => row.Data));
    }

    private static readonly Dictionary<string, Type> Names = new(StringComparer.Ordinal)
    {
        ["alert_event"] = typeof(AlertEvent),
        ["baseline"] = typeof(Baseline),
        ["endpoint"] = typeof(Endpoint),
        ["execution_settings"] = typeof(ExecutionSettings),
        ["ensemble_spec"] = typeof(EnsembleSpec),
        ["feature_row_event"] = typeof(FeatureRowEvent),
        ["feedback_event"] = typeof(FeedbackEvent),
        ["manifest_signature"] = typeof(ManifestSignature),
        ["manifest_statement"] = typeof(ManifestStatement),
        ["model_lineage"] = typeof(ModelLineage),
        ["model_manifest"] = typeof(ModelManifest),
        ["model_signature"] = typeof(ModelSignature),
        ["prediction_batch_event"] = typeof(PredictionBatchEvent),
        ["prediction_event"] = typeof(PredictionEvent),
        ["registry_event"] = typeof(RegistryEvent),
        ["run_event"] = typeof(RunEvent),
    };

    private static JsonTypeInfo TypeOf(string name) => ContractsJson.Default.GetTypeInfo(Names[name])!;
}

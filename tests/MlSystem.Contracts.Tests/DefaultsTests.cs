using System.Text.Json;

namespace MlSystem.Contracts.Tests;

/// <summary>What a document leaves out has its documented default.</summary>
public class DefaultsTests
{
    [Fact]
    public void Endpoint_without_options_is_live_static_and_logged()
    {
        var endpoint = JsonSerializer.Deserialize(
            """{"name":"e","revision":1,"variants":[{"name":"v","model":"m","version":1}],"policy":{},"logging":{},"author":"a","reason":"r","created_at":"2026-01-01T00:00:00Z"}""",
            ContractsJson.Default.Endpoint)!;

        Assert.Equal((1.0, VariantRole.Live), (endpoint.Variants[0].Weight, endpoint.Variants[0].Role));
        Assert.Equal("static", endpoint.Policy.Kind);
        Assert.Equal(new EndpointLimits(), endpoint.Limits);
        Assert.Equal(1.0, endpoint.Logging.SampleShare);
        Assert.Empty(endpoint.Logging.SensitiveColumns);
    }

    [Fact]
    public void Feature_row_goes_to_both_stores()
    {
        var row = JsonSerializer.Deserialize(
            """{"feature_view":"v","entity":{},"event_time":"2026-01-01T00:00:00Z","created_time":"2026-01-01T00:00:00Z","values":{}}""",
            ContractsJson.Default.FeatureRowEvent)!;

        Assert.True(row.Online && row.Offline);
    }

    [Fact]
    public void Lineage_without_join_keys_has_none()
    {
        var lineage = JsonSerializer.Deserialize(
            """{"run_id":"r","data_fingerprint":"f","training_rows":1,"code_version":"c","parameters":{},"seed":1,"trigger":{"kind":"manual"},"trained_at":"2026-01-01T00:00:00Z"}""",
            ContractsJson.Default.ModelLineage)!;

        Assert.Empty(lineage.JoinKeys);
    }
}

using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using MlSystem.Contracts;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Ingestion;
using MlSystem.Testing;

namespace MlSystem.FeatureStore.Tests.Ingestion;

/// <summary>The agreed form of a feature row in the event log, read and written.</summary>
public sealed class GoldenRowTests
{
    private const string Definitions = """
        {
          "entities": [{ "name": "customer", "join_keys": [{ "name": "customer_id", "datatype": "BYTES" }] }],
          "feature_views": [{
            "name": "customer_profile", "entities": ["customer"],
            "features": [{ "name": "tenure", "datatype": "INT64" }, { "name": "contract", "datatype": "BYTES" }, { "name": "total_charges", "datatype": "FP32" }]
          }]
        }
        """;

    [Fact]
    public async Task The_golden_event_is_read_and_written_as_it_is()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", Definitions);
        var catalog = app.Services.GetRequiredService<CatalogStore>().Current;

        var (row, error) = RowCodec.Decode(Encoding.UTF8.GetBytes(Golden.Text("feature_row_event")), catalog);
        Assert.Null(error);
        Assert.Equal(("C00001", 1L, "Month-to-month", false), (row!.Keys[0].Text, row.Values[0].AsInt64, row.Values[1].Text, row.Values[2].HasValue));
        Assert.Equal((true, true), (row.Online, row.Offline));

        var written = RowCodec.Encode(row, new ArrayBufferWriter<byte>(), app.Time);
        Assert.Equal(EventTypes.FeatureRow, written.Headers["ce_type"]);
        var text = Encoding.UTF8.GetString(written.Value.Span);
        Assert.Equal(Golden.Form(Golden.Text("feature_row_event")), Golden.Form(text));
        Assert.True(JsonNode.DeepEquals(Normal(Golden.Text("feature_row_event")), Normal(text)), text);
    }

    /// <summary>The same instant may be written in more than one way.</summary>
    private static JsonNode? Normal(string json) => JsonSerializer.SerializeToNode(
        JsonSerializer.Deserialize(json, ContractsJson.Default.FeatureRowEvent), ContractsJson.Default.FeatureRowEvent);
}

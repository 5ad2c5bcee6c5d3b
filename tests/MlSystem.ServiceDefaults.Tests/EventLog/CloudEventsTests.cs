using MlSystem.ServiceDefaults.EventLog;

namespace MlSystem.ServiceDefaults.Tests.EventLog;

public class CloudEventsTests
{
    private static readonly DateTimeOffset Time = new(2026, 1, 2, 3, 4, 5, 678, TimeSpan.FromHours(2));

    [Fact]
    public void An_event_has_the_headers_of_the_Kafka_binding_and_comes_back()
    {
        var e = CloudEvents.Create("key", "id-1", "mlsystem.run.v1", "/training", Time, "{}"u8.ToArray(), subject: "churn");

        Assert.Equal(
            [("ce_id", "id-1"), ("ce_source", "/training"), ("ce_specversion", "1.0"), ("ce_subject", "churn"), ("ce_time", "2026-01-02T01:04:05.6780000Z"), ("ce_type", "mlsystem.run.v1"), ("content-type", "application/json")],
            e.Headers.Select(h => (h.Key, h.Value)).OrderBy(h => h.Key, StringComparer.Ordinal));
        var parsed = CloudEvents.Parse(e);
        Assert.Equal(("id-1", "mlsystem.run.v1", "/training", "churn", (DateTimeOffset?)Time), (parsed.Id, parsed.Type, parsed.Source, parsed.Subject, parsed.Time));
        Assert.Equal("{}"u8.ToArray(), parsed.Data.ToArray());
    }

    [Theory]
    [InlineData("ce_id", null, "id")]
    [InlineData("ce_type", null, "type")]
    [InlineData("ce_source", "", "source")]
    [InlineData("ce_specversion", "0.3", "specversion")]
    [InlineData("ce_time", "noon", "time")]
    public void What_is_not_a_CloudEvent_is_refused_with_the_attribute(string header, string? value, string attribute)
    {
        var e = CloudEvents.Create("key", "id-1", "type", "/source", Time, default);
        var headers = e.Headers.Where(h => h.Key != header).ToDictionary();
        if (value is not null)
        {
            headers[header] = value;
        }

        var error = Assert.Throws<FormatException>(() => CloudEvents.Parse(e with { Headers = headers }));

        Assert.Contains(attribute, error.Message, StringComparison.Ordinal);
    }
}

using System.Globalization;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Options;

namespace MlSystem.Registry.Lineage;

/// <summary>Asks Monitor how much a version answered.</summary>
internal sealed class MonitorClient(HttpClient http, IOptions<LineageOptions> options, TimeProvider time)
{
    /// <summary>The counts, or why there are none.</summary>
    public async Task<(IReadOnlyList<ServedCount> Served, string? Unavailable)> ServedAsync(string model, int version, CancellationToken cancellationToken)
    {
        var limit = TimeSpan.FromSeconds(options.Value.MonitorTimeoutSeconds);
        using var deadline = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            var path = string.Create(CultureInfo.InvariantCulture, $"/api/monitors/served?model={Uri.EscapeDataString(model)}&version={version}");
            using var response = await http.GetAsync(path, either.Token);
            return response.IsSuccessStatusCode
                ? ((await response.Content.ReadFromJsonAsync(ServedJson.Default.ServedAnswer, either.Token))?.Served ?? [], null)
                : ([], string.Create(CultureInfo.InvariantCulture, $"Monitor answered {(int)response.StatusCode}"));
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            return ([], deadline.IsCancellationRequested
                ? string.Create(CultureInfo.InvariantCulture, $"Monitor did not answer within {limit.TotalSeconds} s (Registry:Lineage:MonitorTimeoutSeconds)")
                : $"Monitor can't be asked: {error.Message}");
        }
    }
}

/// <summary>What is read of Monitor's answer.</summary>
internal sealed record ServedAnswer(IReadOnlyList<ServedCount> Served);

/// <param name="EndpointRevision">Null where Monitor doesn't know it.</param>
internal sealed record ServedCount(
    string Endpoint, long? EndpointRevision, string Variant, string Role, long Requests, long Predictions, DateTimeOffset FirstPredictionAt, DateTimeOffset LastPredictionAt);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ServedAnswer))]
internal sealed partial class ServedJson : JsonSerializerContext;

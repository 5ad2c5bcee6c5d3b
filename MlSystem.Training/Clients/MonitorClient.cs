using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text.Json;
using MlSystem.Training.Steps;

namespace MlSystem.Training.Clients;

/// <summary>What training asks of Monitor: labelled predictions, and how many there are.</summary>
public sealed class MonitorClient(HttpClient http)
{
    private const string Service = "monitor";

    /// <summary>Rows of a page.</summary>
    private const int Page = 10_000;

    /// <summary>Labelled predictions in the order of their times.</summary>
    /// <exception cref="StepFailedException">Monitor has seen nothing of the endpoint.</exception>
    public async IAsyncEnumerable<PredictionRow> LabelledAsync(
        string endpoint, DateTimeOffset? from, DateTimeOffset to, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var range = string.Create(CultureInfo.InvariantCulture, $"?labelled=true&limit={Page}&to={Uri.EscapeDataString(to.UtcDateTime.ToString("O"))}")
            + (from is { } start ? $"&from={Uri.EscapeDataString(start.UtcDateTime.ToString("O", CultureInfo.InvariantCulture))}" : "");
        string? cursor = null;
        do
        {
            using var request = new HttpRequestMessage(
                HttpMethod.Get, $"/api/endpoints/{Uri.EscapeDataString(endpoint)}/predictions{range}{(cursor is null ? "" : $"&cursor={Uri.EscapeDataString(cursor)}")}");
            using var response = await http.SendAsync(Service, request, cancellationToken);
            var page = await response.ReadAsync(ClientJson.Default.PredictionPage, cancellationToken);
            foreach (var row in page.Rows)
            {
                yield return row;
            }

            cursor = page.NextCursor;
        }
        while (cursor is not null);
    }

    /// <summary>Labelled live predictions of an endpoint that Monitor still has; 0 when it has seen nothing of it.</summary>
    public async Task<long> CountLabelledAsync(string endpoint, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/endpoints/{Uri.EscapeDataString(endpoint)}/performance");
        using var response = await http.SendAsync(Service, request, cancellationToken, HttpStatusCode.NotFound);
        return response.StatusCode == HttpStatusCode.NotFound
            ? 0
            : (await response.ReadAsync(ClientJson.Default.PerformanceAnswer, cancellationToken)).Versions.Where(v => v.Role == "live").Sum(v => v.Labelled);
    }
}

/// <summary>A prediction as far as training reads it.</summary>
public sealed record PredictionRow(string Role, DateTimeOffset Time, JsonElement Inputs, JsonElement JoinKeys, JsonElement? Label);

/// <summary>A page of predictions.</summary>
public sealed record PredictionPage(IReadOnlyList<PredictionRow> Rows, string? NextCursor);

/// <summary>An endpoint's counts.</summary>
public sealed record PerformanceAnswer(IReadOnlyList<VersionCounts> Versions);

/// <summary>Counts of one version.</summary>
public sealed record VersionCounts(string Role, long Labelled);

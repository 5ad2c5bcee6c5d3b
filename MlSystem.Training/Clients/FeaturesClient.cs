using System.Net;
using System.Text;
using System.Text.Json;

namespace MlSystem.Training.Clients;

/// <summary>What training asks of the feature store.</summary>
public sealed class FeaturesClient(HttpClient http)
{
    private const string Service = "features";

    /// <summary>Creates or changes definitions; applying the same again changes nothing.</summary>
    public async Task ApplyAsync(string definitions, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/apply") { Content = new StringContent(definitions, Encoding.UTF8, "application/json") };
        using var response = await http.SendAsync(Service, request, cancellationToken);
    }

    /// <summary>Ingests CSV rows, all or none; the same rows again change nothing.</summary>
    public async Task<IngestAnswer> IngestAsync(string view, string csv, CancellationToken cancellationToken)
    {
        using var content = new StringContent(csv, Encoding.UTF8, "text/csv");
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/feature-views/{Uri.EscapeDataString(view)}/rows") { Content = content };
        using var response = await http.SendAsync(Service, request, cancellationToken);
        return await response.ReadAsync(ClientJson.Default.IngestAnswer, cancellationToken);
    }

    /// <summary>A feature service, or null when there is none of that name and version.</summary>
    public async Task<FeatureService?> FindServiceAsync(string name, int? version, CancellationToken cancellationToken)
    {
        var query = version is { } number ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"?version={number}") : "";
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/feature-services/{Uri.EscapeDataString(name)}{query}");
        using var response = await http.SendAsync(Service, request, cancellationToken, HttpStatusCode.NotFound);
        return response.StatusCode == HttpStatusCode.NotFound ? null : await response.ReadAsync(ClientJson.Default.FeatureService, cancellationToken);
    }

    /// <summary>A feature view, or null when there is none of that name.</summary>
    public async Task<FeatureView?> FindViewAsync(string name, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/feature-views/{Uri.EscapeDataString(name)}");
        using var response = await http.SendAsync(Service, request, cancellationToken, HttpStatusCode.NotFound);
        return response.StatusCode == HttpStatusCode.NotFound ? null : await response.ReadAsync(ClientJson.Default.FeatureView, cancellationToken);
    }

    /// <summary>Writes every row of a view's offline store, with its features as of its own time, as a Parquet file.</summary>
    public async Task DownloadViewAsync(FeatureView view, string file, CancellationToken cancellationToken)
    {
        var body = new ViewRowsRequest(new ViewRows(view.Name), [.. view.Features.Select(f => $"{view.Name}:{f.Name}")]);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/historical-features")
        {
            Content = new StringContent(JsonSerializer.Serialize(body, ClientJson.Default.ViewRowsRequest), Encoding.UTF8, "application/json"),
        };
        request.Headers.Accept.Add(new("application/vnd.apache.parquet"));
        using var response = await http.SendAsync(Service, request, cancellationToken);
        await using var target = File.Create(file);
        await response.Content.CopyToAsync(target, cancellationToken);
    }

    /// <summary>Rows of a view's offline store.</summary>
    public async Task<long> CountRowsAsync(string view, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/feature-views/{Uri.EscapeDataString(view)}/partitions");
        using var response = await http.SendAsync(Service, request, cancellationToken);
        return (await response.ReadAsync(ClientJson.Default.ViewStatistics, cancellationToken)).Partitions.Sum(p => p.Rows);
    }
}

/// <summary>A feature view as far as training reads it.</summary>
public sealed record FeatureView(string Name, IReadOnlyList<ViewFeature> Features);

/// <summary>A feature of a view.</summary>
public sealed record ViewFeature(string Name);

/// <summary>A historical read of a view's own rows.</summary>
internal sealed record ViewRowsRequest(ViewRows LabelSource, IReadOnlyList<string> Features);

/// <summary>Which view's rows.</summary>
internal sealed record ViewRows(string FeatureView);

/// <summary>The partitions of a view's offline store.</summary>
internal sealed record ViewStatistics(IReadOnlyList<ViewPartition> Partitions);

/// <summary>Rows of a partition.</summary>
internal sealed record ViewPartition(long Rows);

/// <summary>A feature service as far as training reads it.</summary>
/// <param name="RequestColumns">Columns that computed features come from; null: there are none.</param>
public sealed record FeatureService(string Name, int Version, IReadOnlyList<ServiceFeature> Features, IReadOnlyList<JoinKey> JoinKeys, IReadOnlyList<JoinKey>? RequestColumns = null);

/// <summary>A feature under its name in the service.</summary>
/// <param name="Datatype">Open Inference Protocol datatype.</param>
public sealed record ServiceFeature(string View, string Feature, string Name, string Datatype);

/// <summary>A column by which features are found.</summary>
public sealed record JoinKey(string Name, string Datatype);

/// <summary>Answer to an ingestion.</summary>
public sealed record IngestAnswer(long Ingested, long Skipped);

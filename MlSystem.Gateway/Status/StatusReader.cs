using System.Globalization;
using MlSystem.Gateway.Routing;
using MlSystem.ServiceDefaults.Clients;
using MlSystem.ServiceDefaults.Health;
using MlSystem.ServiceDefaults.Hosting;

namespace MlSystem.Gateway.Status;

/// <summary>Asks every replica of every service how it is; however many ask the gateway, at most once a second.</summary>
internal sealed class StatusReader(
    IHttpClientFactory clients, IConfiguration configuration, IReadOnlyList<ServiceBinding> bindings, ServiceInfo self,
    Microsoft.Extensions.Options.IOptions<ServiceOptions> options, TimeProvider time) : IDisposable
{
    public const string Client = "status";
    private static readonly TimeSpan Freshness = TimeSpan.FromSeconds(1);
    private readonly SemaphoreSlim _one = new(1, 1);
    private (long Taken, StatusBody Body)? _last;

    public async Task<StatusBody> ReadAsync(CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            if (_last is not { } last || time.GetElapsedTime(last.Taken) >= Freshness)
            {
                _last = last = (time.GetTimestamp(), await AskAllAsync(cancellationToken));
            }

            return last.Body;
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();

    private async Task<StatusBody> AskAllAsync(CancellationToken cancellationToken)
    {
        var asked = Routes.Services.SelectMany(service => ServiceAddress.AllHttp(configuration, service).Select(address => AskAsync(service, address, cancellationToken)));
        var services = await Task.WhenAll(asked);
        return new StatusBody
        {
            CheckedAt = time.GetUtcNow(),
            GrpcAddress = bindings.FirstOrDefault(binding => binding.Grpc) is { } grpc ? GrpcAddress(grpc) : null,
            Services = [Self(services), .. services],
        };
    }

    private ServiceStatus Self(ServiceStatus[] services) => new()
    {
        Name = self.Name,
        Address = bindings[0].ToString(),
        State = services.All(service => service.State == "healthy") ? "healthy" : "degraded",
        Version = self.Version,
        StartedAt = self.StartedAt,
        Restarts = options.Value.Restarts,
        Openapi = "/openapi/v1.json",
        Health = "/health",
    };

    private async Task<ServiceStatus> AskAsync(string service, Uri address, CancellationToken cancellationToken)
    {
        var status = new ServiceStatus
        {
            Name = service,
            Address = address.GetLeftPart(UriPartial.Authority),
            State = "down",
            Openapi = $"/openapi/{service}.json",
            Health = $"/api/status/{service}",
        };
        try
        {
            var client = clients.CreateClient(Client);
            var alive = await client.GetFromJsonAsync(new Uri(address, "/alive"), HealthJson.Default.AliveBody, cancellationToken);
            status = status with { Version = alive?.Version, StartedAt = alive?.StartedAt, Restarts = alive?.Restarts };
            // 503 is an answer as well: it says what is missing.
            using var answer = await client.GetAsync(new Uri(address, "/health"), cancellationToken);
            var health = await answer.Content.ReadFromJsonAsync(HealthJson.Default.HealthBody, cancellationToken);
            return status with { State = health?.Status ?? "down", Detail = health is null ? null : Detail(health) };
        }
        catch (Exception error) when (error is HttpRequestException or System.Text.Json.JsonException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return status with { Detail = error is OperationCanceledException ? "does not answer" : error.Message };
        }
    }

    private static string? Detail(HealthBody health) => health.Status switch
    {
        "starting" => $"waiting for {string.Join(", ", health.Pending ?? [])}{(health.LastError is null ? "" : ": " + health.LastError)}",
        "degraded" => string.Join("; ", health.Checks!.Where(check => check.Status != "healthy").Select(check => $"{check.Name}: {check.Description ?? "degraded"}")),
        _ => null,
    };

    private static string GrpcAddress(ServiceBinding binding) =>
        string.Create(CultureInfo.InvariantCulture, $"{(binding.Host is "*" or "localhost" ? "127.0.0.1" : binding.Host)}:{binding.Port}");
}

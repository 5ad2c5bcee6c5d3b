using System.Globalization;
using System.Net;
using MlSystem.Testing;

namespace MlSystem.Gateway.Tests;

/// <summary>The gateway's own program on free ports, with services that the test stands in for.</summary>
internal sealed class GatewayProcess : IAsyncDisposable
{
    private readonly TempFolder _folder;

    private GatewayProcess(ServerProcess process, TempFolder folder, int http, int grpc)
    {
        _folder = folder;
        Process = process;
        Http = new HttpClient { BaseAddress = Local(http), Timeout = TimeSpan.FromSeconds(30) };
        Grpc = new HttpClient
        {
            BaseAddress = Local(grpc), DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact, Timeout = TimeSpan.FromSeconds(30),
        };
        GrpcPort = grpc;
    }

    public ServerProcess Process { get; }

    public HttpClient Http { get; }

    public HttpClient Grpc { get; }

    public int GrpcPort { get; }

    public static string Program { get; } = Path.Combine(AppContext.BaseDirectory, "MlSystem.Gateway.dll");

    /// <summary>Starts the gateway; services that are not given have an address where nobody listens.</summary>
    public static async Task<GatewayProcess> StartAsync(IEnumerable<StubService> services, params (string Key, string Value)[] settings)
    {
        var ports = FreePort.Next(2);
        var nobody = FreePort.Next();
        var folder = new TempFolder();
        var environment = new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["ASPNETCORE_URLS"] = Local(ports[0]).ToString(),
            ["GRPC_PORT"] = ports[1].ToString(CultureInfo.InvariantCulture),
            ["MlSystem__DataDirectory"] = folder.Path,
        };
        foreach (var service in Gateway.Routing.Routes.Services)
        {
            environment[$"services__{service}__http__0"] = Local(nobody).ToString();
            environment[$"services__{service}__grpc__0"] = Local(nobody).ToString();
        }

        foreach (var group in services.GroupBy(service => service.Name))
        {
            foreach (var (service, index) in group.Select((service, index) => (service, index.ToString(CultureInfo.InvariantCulture))))
            {
                environment[$"services__{service.Name}__http__{index}"] = service.Http.ToString();
                environment[$"services__{service.Name}__grpc__{index}"] = service.Grpc.ToString();
            }
        }

        foreach (var (key, value) in settings)
        {
            environment[key.Replace(":", "__", StringComparison.Ordinal)] = value;
        }

        var gateway = new GatewayProcess(ServerProcess.Start("dotnet", [Program], environment, folder.Path), folder, ports[0], ports[1]);
        await gateway.Process.WaitUntilAsync(async token => (await gateway.Http.GetAsync("/alive", token)).IsSuccessStatusCode, TimeSpan.FromSeconds(60));
        return gateway;
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        Grpc.Dispose();
        await Process.DisposeAsync();
        _folder.Dispose();
    }

    private static Uri Local(int port) => new($"http://127.0.0.1:{port.ToString(CultureInfo.InvariantCulture)}");
}

using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using MlSystem.ServiceDefaults.Clients;

namespace MlSystem.ServiceDefaults.Hosting;

/// <summary>An address that the service listens on.</summary>
/// <param name="Host">An IP address, <c>localhost</c>, or <c>*</c> for every interface.</param>
/// <param name="Grpc">Cleartext HTTP/2 only, else HTTP/1.1 (with TLS also HTTP/2).</param>
public sealed record ServiceBinding(string Host, int Port, bool Grpc, bool Tls = false)
{
    private const string Any = "*";

    public bool IsLoopback => Host == "localhost" || (IPAddress.TryParse(Host, out var address) && IPAddress.IsLoopback(address));

    /// <summary>
    /// <c>URLS</c> (<c>ASPNETCORE_URLS</c>), else <c>HTTP_PORTS</c> on every interface, else the standalone ports on 127.0.0.1.
    /// <c>GRPC_PORT</c> adds the gRPC endpoint beside the first of them; without any of the three it has its standalone port too.
    /// </summary>
    /// <exception cref="StartupFailureException">An address or port can't be read.</exception>
    public static IReadOnlyList<ServiceBinding> Read(IConfiguration configuration, string service)
    {
        var http = FromUrls(configuration["urls"]);
        if (http.Count == 0)
        {
            http = FromPorts(configuration["http_ports"]);
        }

        var configured = http.Count > 0;
        if (!configured)
        {
            http = [new ServiceBinding("127.0.0.1", ServiceAddress.StandaloneHttpPort(service), Grpc: false)];
        }

        var grpcPort = configuration["GRPC_PORT"] is { Length: > 0 } text ? ParsePort(text, "GRPC_PORT")
            : configured ? null
            : ServiceAddress.StandaloneGrpcPort(service);
        // A host may list the gRPC endpoint among the URLs as well: it is one address, not two.
        return grpcPort is { } port
            ? [.. http.Where(binding => binding.Port != port || port == 0), new ServiceBinding(http[0].Host, port, Grpc: true)]
            : http;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{(Tls ? "https" : "http")}://{(Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host)}:{Port}");

    private static List<ServiceBinding> FromUrls(string? urls) =>
        (urls ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(FromUrl).ToList();

    private static ServiceBinding FromUrl(string url)
    {
        BindingAddress address;
        try
        {
            address = BindingAddress.Parse(url);
        }
        catch (FormatException error)
        {
            throw new StartupFailureException($"ASPNETCORE_URLS: '{url}' is not an address such as http://127.0.0.1:8080.", error);
        }

        if (address.IsUnixPipe || address.IsNamedPipe || address.PathBase.Length > 0)
        {
            throw new StartupFailureException($"ASPNETCORE_URLS: '{url}' must be scheme, host and port only.");
        }

        var host = address.Host.Trim('[', ']');
        var known = host == "localhost" || IPAddress.TryParse(host, out var ip) && !ip.Equals(IPAddress.Any) && !ip.Equals(IPAddress.IPv6Any);
        return new ServiceBinding(known ? host : Any, address.Port, Grpc: false, Tls: address.Scheme == "https");
    }

    private static List<ServiceBinding> FromPorts(string? ports) =>
        (ports ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(port => new ServiceBinding(Any, ParsePort(port, "HTTP_PORTS"), Grpc: false)).ToList();

    private static int ParsePort(string text, string key) =>
        int.TryParse(text, CultureInfo.InvariantCulture, out var port) && port is >= 0 and <= 65535
            ? port
            : throw new StartupFailureException($"{key}: '{text}' is not a port (0 to 65535).");
}

using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace MlSystem.ServiceDefaults.Clients;

/// <summary>Clients of the system's other services, found through <c>services:{name}:http:0</c> and <c>services:{name}:grpc:0</c>.</summary>
public static class ServiceClientExtensions
{
    /// <summary>Registers a typed <see cref="HttpClient"/> of a service. Requests that are not idempotent are not retried.</summary>
    public static IHttpClientBuilder AddServiceClient<TClient>(this IHostApplicationBuilder builder, string service)
        where TClient : class =>
        builder.Services.AddHttpClient<TClient>(client => client.BaseAddress = ServiceAddress.Http(builder.Configuration, service));

    /// <summary>Registers a gRPC client of a service (cleartext HTTP/2).</summary>
    public static IHttpClientBuilder AddServiceGrpcClient<TClient>(this IHostApplicationBuilder builder, string service)
        where TClient : class =>
        builder.Services.AddGrpcClient<TClient>(options => options.Address = ServiceAddress.Grpc(builder.Configuration, service));
}

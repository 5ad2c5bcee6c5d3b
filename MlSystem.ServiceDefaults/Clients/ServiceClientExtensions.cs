using System.Net;
using System.Net.Sockets;
using Grpc.Net.ClientFactory;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Http.Resilience;
using Microsoft.Extensions.Options;
using MlSystem.ServiceDefaults.Hosting;
using Polly;

namespace MlSystem.ServiceDefaults.Clients;

/// <summary>
/// Clients of the system's other services, found through <c>services:{name}:http:{n}</c> and <c>services:{name}:grpc:{n}</c>;
/// several addresses take turns. The service's own key, the request id and the trace context go along.
/// </summary>
public static class ServiceClientExtensions
{
    /// <summary>
    /// Registers a typed <see cref="HttpClient"/> of a service. GET, HEAD and OPTIONS are retried with back-off on lost
    /// connections, 408, 429 and 5xx; other methods only when declared (<see cref="RequestRules.AsIdempotent"/>).
    /// Time limits: <see cref="ServiceClientOptions"/> and, for one request, <see cref="RequestRules.WithTimeout"/>.
    /// </summary>
    public static IHttpClientBuilder AddServiceClient<TClient>(this IHostApplicationBuilder builder, string service)
        where TClient : class
    {
        var client = builder.Services.AddHttpClient<TClient>(http =>
        {
            http.BaseAddress = new Uri($"http://{service}");
            http.Timeout = Timeout.InfiniteTimeSpan; // the resilience pipeline has the clock
        });
        client.AddResilience();
        return client.AddTransport();
    }

    /// <summary>
    /// Registers a gRPC client of a service (cleartext HTTP/2). Unary calls without a deadline get
    /// <see cref="ServiceClientOptions.GrpcDeadlineSeconds"/>; nothing is retried.
    /// </summary>
    public static IHttpClientBuilder AddServiceGrpcClient<TClient>(this IHostApplicationBuilder builder, string service)
        where TClient : class =>
        builder.Services.AddGrpcClient<TClient>(options => options.Address = new Uri($"http://_grpc.{service}"))
            .AddInterceptor<DeadlineInterceptor>(InterceptorScope.Client)
            .AddTransport();

    internal static IServiceCollection AddServiceClients(this IServiceCollection services)
    {
        services.AddHttpContextAccessor();
        services.AddServiceDiscovery();
        services.AddOptions<ServiceClientOptions>().BindConfiguration(ServiceClientOptions.Section).ValidateDataAnnotations()
            .Validate(options => options.AttemptTimeoutSeconds <= options.TotalTimeoutSeconds, "MlSystem:Clients: AttemptTimeoutSeconds must not exceed TotalTimeoutSeconds")
            .ValidateOnStart();
        services.TryAddTransient<CallerHandler>();
        services.TryAddSingleton<DeadlineInterceptor>();
        return services;
    }

    private static IHttpClientBuilder AddTransport(this IHttpClientBuilder client) => client
        .AddHttpMessageHandler<CallerHandler>()
        .AddServiceDiscovery()
        .ConfigurePrimaryHttpMessageHandler(services => new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            ConnectTimeout = TimeSpan.FromSeconds(services.GetRequiredService<IOptions<ServiceClientOptions>>().Value.ConnectTimeoutSeconds),
            // Names may point elsewhere after a while; connections are renewed often enough to follow.
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            KeepAlivePingDelay = TimeSpan.FromSeconds(30),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(10),
            EnableMultipleHttp2Connections = true,
            ConnectCallback = SocketThreads.AreUsed ? static (context, token) => ConnectAsync(context.DnsEndPoint, token) : null,
        })
        .SetHandlerLifetime(Timeout.InfiniteTimeSpan);

    /// <summary>As the handler does by itself, but what an answer is waited for by goes on on the pool's threads.</summary>
    private static async ValueTask<Stream> ConnectAsync(DnsEndPoint endPoint, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(endPoint, cancellationToken);
            return new LeavingStream(new NetworkStream(socket, ownsSocket: true));
        }
        catch
        {
            socket.Dispose();
            throw;
        }
        finally
        {
            await SocketThreads.LeaveAsync();
        }
    }

    private static void AddResilience(this IHttpClientBuilder client) => client.AddStandardResilienceHandler().Configure((resilience, services) =>
    {
        var options = services.GetRequiredService<IOptions<ServiceClientOptions>>().Value;
        var attempt = TimeSpan.FromSeconds(options.AttemptTimeoutSeconds);
        var total = TimeSpan.FromSeconds(options.TotalTimeoutSeconds);
        resilience.AttemptTimeout.Timeout = attempt;
        resilience.AttemptTimeout.TimeoutGenerator = args => new(RequestRules.AttemptTimeout(args.Context.GetRequestMessage(), attempt));
        resilience.TotalRequestTimeout.Timeout = total;
        resilience.TotalRequestTimeout.TimeoutGenerator = args => new(RequestRules.TotalTimeout(args.Context.GetRequestMessage(), total));
        resilience.Retry.MaxRetryAttempts = options.MaxRetries;
        resilience.Retry.Delay = TimeSpan.FromMilliseconds(options.RetryDelayMs);
        resilience.Retry.ShouldHandle = args => new(
            RequestRules.MayRetry(args.Context.GetRequestMessage()) && HttpClientResiliencePredicates.IsTransient(args.Outcome));
        resilience.CircuitBreaker.SamplingDuration = attempt * 3;
        // Half of the calls fail: below that a restart of one replica would cut off the others.
        resilience.CircuitBreaker.FailureRatio = 0.5;
        resilience.CircuitBreaker.BreakDuration = TimeSpan.FromSeconds(2);
    });
}

using System.Threading.RateLimiting;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.Options;
using MlSystem.ServiceDefaults.Authentication;
using MlSystem.ServiceDefaults.Errors;
using MlSystem.ServiceDefaults.Hosting;
using MlSystem.ServiceDefaults.Telemetry;

namespace MlSystem.Gateway.Routing;

/// <summary>
/// Takes predictions in front of the middleware, to the same proxy endpoint. Only a request that all of the middleware would let pass
/// unchanged is taken: from a caller that may come in, within its rate, with a body within the limit. Every other one goes the common
/// way and is refused there.
/// </summary>
internal sealed partial class InferFirst(
    CallerCheck callers, EndpointDataSource endpoints, IOptions<RateLimiterOptions> limits, IOptions<ServiceOptions> service, ILogger<InferFirst> logger) : IStartupFilter
{
    private const string Grpc = "/inference.GRPCInferenceService/ModelInfer";
    private readonly Lazy<Endpoint> _http = new(() => Find(endpoints, Routes.Inference));
    private readonly Lazy<Endpoint> _grpc = new(() => Find(endpoints, Routes.InferenceGrpc));
    private readonly PartitionedRateLimiter<HttpContext> _rates = limits.Value.GlobalLimiter!;
    private readonly long _maxBody = service.Value.MaxRequestBodyBytes;

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(rest => context => HandleAsync(context, rest));
        next(app);
    };

    private static RouteEndpoint Find(EndpointDataSource endpoints, string path) => endpoints.Endpoints.OfType<RouteEndpoint>().First(endpoint => endpoint.RoutePattern.RawText == path);

    private Task HandleAsync(HttpContext context, RequestDelegate rest)
    {
        var request = context.Request;
        if (!HttpMethods.IsPost(request.Method) || request.Path.Value is not { } path || request.ContentLength > _maxBody)
        {
            return rest(context);
        }

        var endpoint = path == Grpc ? _grpc : IsInfer(path) ? _http : null;
        if (endpoint is null || callers.Caller(context) is not { } caller)
        {
            return rest(context);
        }

        context.User = caller;
        if (!IsWithinRate(context))
        {
            // The limiter refuses again there, unless a token came in the meantime.
            return rest(context);
        }

        context.SetEndpoint(endpoint.Value);
        return RequestId.InvokeAsync(context, ProxyAsync);
    }

    private bool IsWithinRate(HttpContext context)
    {
        // Tokens are not given back: the lease needs to live no longer.
        using var lease = _rates.AttemptAcquire(context);
        return lease.IsAcquired;
    }

    /// <summary>Whether it is the path of a prediction over HTTP.</summary>
    internal static bool IsInfer(string path) => path.StartsWith("/v2/models/", StringComparison.Ordinal) && path.EndsWith("/infer", StringComparison.Ordinal);

    private async Task ProxyAsync(HttpContext context)
    {
        try
        {
            await context.GetEndpoint()!.RequestDelegate!(context);
        }
        catch (Exception error) when (!context.Response.HasStarted && !context.RequestAborted.IsCancellationRequested)
        {
            LogUnexpected(error, context.TraceIdentifier);
            await context.WriteErrorAsync(new ErrorAnswer(
                StatusCodes.Status500InternalServerError, "Internal Server Error", $"internal error, see the gateway's log for request {context.TraceIdentifier}"));
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Request {RequestId} failed unexpectedly")]
    private partial void LogUnexpected(Exception error, string requestId);
}

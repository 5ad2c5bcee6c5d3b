using Microsoft.AspNetCore.Http.Features;
using MlSystem.FeatureStore.Feast;
using MlSystem.ServiceDefaults.Authentication;
using MlSystem.ServiceDefaults.Telemetry;

namespace MlSystem.FeatureStore.Online;

/// <summary>
/// Puts the usual <c>POST /get-online-features</c> in front of the middleware, which costs as much as the read of one entity. Only a
/// request that all of it would let pass unchanged is taken: by its exact path, from a caller that may come in, in the usual form and
/// within the limits, while the store can be read. Every other one goes the common way, with not a byte consumed.
/// </summary>
internal sealed partial class OnlineFirst(
    OnlineRequests requests, OnlineReader reader, OnlineState state, FeatureStoreMetrics metrics, CallerCheck callers, TimeProvider time, ILogger<OnlineFirst> logger) : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(rest => context => IsTaken(context) ? HandleAsync(context, rest) : rest(context));
        next(app);
    };

    private bool IsTaken(HttpContext context) =>
        context.Request.Path.Value == OnlineEndpoints.Path && HttpMethods.IsPost(context.Request.Method)
        && requests.IsPlain(context.Request.ContentLength) && !IsTooLarge(context) && state.NotReadyReason is null && callers.Admits(context);

    /// <summary>For the service as a whole; the middleware says so.</summary>
    private static bool IsTooLarge(HttpContext context) => context.Request.ContentLength > context.Features.Get<IHttpMaxRequestBodySizeFeature>()?.MaxRequestBodySize;

    private async Task HandleAsync(HttpContext context, RequestDelegate rest)
    {
        var cancellationToken = context.RequestAborted;
        try
        {
            if (await requests.TryReadAsync(context, cancellationToken) is { } request)
            {
                var result = await reader.ReadAsync(request.Query, cancellationToken);
                metrics.OnlineReads.Add(request.Query.Rows);
                Identify(context);
                await OnlineEndpoints.AnswerAsync(context, request, result, cancellationToken);
                return;
            }
        }
        catch (OnlineStoreException unavailable)
        {
            LogUnavailable(unavailable.Message);
            Identify(context);
            await FeastErrorFilter.Unavailable(context, unavailable.Message).ExecuteAsync(context);
            return;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Nobody is there for an answer.
            return;
        }

        await rest(context);
    }

    private void Identify(HttpContext context)
    {
        RequestId.Assign(context, Guid.CreateVersion7(time.GetUtcNow()).ToString());
        context.Response.Headers[RequestId.Header] = context.TraceIdentifier;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "/get-online-features answered 503: {Reason}")]
    private partial void LogUnavailable(string reason);
}

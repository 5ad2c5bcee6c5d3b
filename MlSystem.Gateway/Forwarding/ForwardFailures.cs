using Yarp.ReverseProxy.Forwarder;

namespace MlSystem.Gateway.Forwarding;

/// <summary>Tells the proxy's middleware what failed, as its own forwarder does: it judges replicas by it, and callers are answered by it.</summary>
internal static class ForwardFailures
{
    public static ForwarderError Kind(HttpContext context, UpstreamConnection connection, Exception error) =>
        error is CallerLeftException ? ForwarderError.ResponseBodyClient
        : context.RequestAborted.IsCancellationRequested ? context.Response.HasStarted ? ForwarderError.ResponseBodyCanceled : ForwarderError.RequestCanceled
        : context.Response.HasStarted ? ForwarderError.ResponseBodyDestination
        : connection.WasSilent ? ForwarderError.RequestTimedOut
        : ForwarderError.Request;

    public static ForwarderError Report(HttpContext context, ForwarderError kind, Exception error)
    {
        context.Features.Set<IForwarderErrorFeature>(new Failure(kind, error));
        if (context.Response.HasStarted)
        {
            // Half an answer: only a broken connection tells the caller so.
            context.Abort();
            return kind;
        }

        context.Response.Clear();
        context.Response.StatusCode = kind switch
        {
            ForwarderError.RequestTimedOut => StatusCodes.Status504GatewayTimeout,
            ForwarderError.RequestBodyClient => error is BadHttpRequestException bad ? bad.StatusCode : StatusCodes.Status400BadRequest,
            ForwarderError.RequestCanceled => StatusCodes.Status400BadRequest,
            _ => StatusCodes.Status502BadGateway,
        };
        return kind;
    }

    private sealed record Failure(ForwarderError Error, Exception? Exception) : IForwarderErrorFeature;
}

using MlSystem.Inference.Admission;
using MlSystem.Inference.Prediction;
using MlSystem.ServiceDefaults.Errors;

namespace MlSystem.Inference.Protocols.Rest;

/// <summary>Errors in the protocol's form: <c>{"error": "…"}</c>.</summary>
internal static class OipErrors
{
    public static int Status(FaultKind kind) => kind switch
    {
        FaultKind.InvalidArgument => StatusCodes.Status400BadRequest,
        FaultKind.NotFound => StatusCodes.Status404NotFound,
        FaultKind.TooLarge => StatusCodes.Status413PayloadTooLarge,
        FaultKind.EndpointBusy => StatusCodes.Status429TooManyRequests,
        FaultKind.ServerBusy or FaultKind.Unavailable => StatusCodes.Status503ServiceUnavailable,
        FaultKind.DeadlineExceeded => StatusCodes.Status504GatewayTimeout,
        FaultKind.Cancelled => StatusCodes.Status499ClientClosedRequest,
        _ => StatusCodes.Status500InternalServerError,
    };

    public static Task WriteAsync(HttpContext context, Fault fault)
    {
        int? retryAfter = fault.Kind is FaultKind.EndpointBusy or FaultKind.ServerBusy or FaultKind.Unavailable ? GateKeeper.RetryAfterSeconds : null;
        return context.WriteErrorAsync(new ErrorAnswer(Status(fault.Kind), fault.Kind.ToString(), fault.Message) { RetryAfterSeconds = retryAfter });
    }

    /// <summary>Turns what a handler throws into an answer.</summary>
    public static async ValueTask<object?> FilterAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        try
        {
            return await next(context);
        }
        catch (InferenceException error)
        {
            await WriteAsync(context.HttpContext, error.Fault);
            return Results.Empty;
        }
    }
}

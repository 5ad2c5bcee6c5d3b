using System.Text.Json;

namespace MlSystem.Registry.Mlflow;

/// <summary>Turns every failure below MLflow's paths into MLflow's error body.</summary>
internal sealed partial class MlflowErrors(RequestDelegate next, ILogger<MlflowErrors> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
        }
        catch (Exception error) when (!context.Response.HasStarted && !context.RequestAborted.IsCancellationRequested)
        {
            var refusal = Refusal(error);
            if (refusal.Status == StatusCodes.Status500InternalServerError)
            {
                LogFailed(error, context.Request.Method, context.Request.Path);
            }

            context.Response.Clear();
            context.Response.StatusCode = refusal.Status;
            await context.Response.WriteAsJsonAsync(
                new MlflowError(refusal.ErrorCode, refusal.Message), MlflowJson.Default.MlflowError, cancellationToken: context.RequestAborted);
        }
    }

    private static MlflowException Refusal(Exception error) => error switch
    {
        MlflowException refusal => refusal,
        JsonException json => MlflowException.Invalid($"The request body is not valid JSON for this call: {json.Message}"),
        BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } large =>
            new MlflowException(ErrorCodes.RequestLimitExceeded, large.Message),
        BadHttpRequestException bad => MlflowException.Invalid(bad.Message),
        _ => new MlflowException(ErrorCodes.InternalError, "The registry failed to handle the request; its log has the details."),
    };

    [LoggerMessage(Level = LogLevel.Error, Message = "{Method} {Path} failed")]
    private partial void LogFailed(Exception error, string method, string path);
}

/// <summary>MLflow's error body.</summary>
internal sealed record MlflowError(string ErrorCode, string Message);

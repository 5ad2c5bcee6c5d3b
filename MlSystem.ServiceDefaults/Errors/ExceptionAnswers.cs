using System.Data.Common;
using System.Text.Json;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Logging;
using Polly.CircuitBreaker;
using Polly.Timeout;

namespace MlSystem.ServiceDefaults.Errors;

/// <summary>Turns what was thrown while a request was handled into an answer; what the caller can't mend is logged and told without internals.</summary>
internal sealed partial class ExceptionAnswers(ILogger<ExceptionAnswers> logger) : IExceptionHandler
{
    private const int ClientClosedRequest = 499;

    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (exception is OperationCanceledException && httpContext.RequestAborted.IsCancellationRequested)
        {
            httpContext.Response.StatusCode = ClientClosedRequest;
            return true;
        }

        var answer = Answer(exception);
        if (answer.Status >= StatusCodes.Status500InternalServerError)
        {
            LogFailed(httpContext.Request.Method, httpContext.Request.Path, httpContext.TraceIdentifier, exception);
        }

        await httpContext.WriteErrorAsync(answer);
        return true;
    }

    internal static ErrorAnswer Answer(Exception exception) => exception switch
    {
        ErrorAnswerException known => known.Answer,
        BadHttpRequestException bad => new ErrorAnswer(bad.StatusCode, ReasonPhrases.GetReasonPhrase(bad.StatusCode), BadRequest(bad)),
        JsonException json => new ErrorAnswer(StatusCodes.Status400BadRequest, "Bad Request", Json(json)),
        _ when DiskFull.Is(exception) => new ErrorAnswer(StatusCodes.Status507InsufficientStorage, "Insufficient Storage", "The disk of the service is full; nothing was stored."),
        HttpRequestException { StatusCode: null } or BrokenCircuitException or TimeoutRejectedException => new ErrorAnswer(
            StatusCodes.Status503ServiceUnavailable, "Service Unavailable", "A service that this request needs can't be reached at the moment.") { RetryAfterSeconds = 1 },
        DbException { IsTransient: true } => new ErrorAnswer(
            StatusCodes.Status503ServiceUnavailable, "Service Unavailable", "The database can't be reached at the moment.") { RetryAfterSeconds = 1 },
        _ => new ErrorAnswer(StatusCodes.Status500InternalServerError, "Internal Server Error", "The request failed inside the service; its log has the reason under the request id."),
    };

    private static string BadRequest(BadHttpRequestException bad) => bad.InnerException is JsonException json ? Json(json) : bad.Message;

    /// <summary>Where (JSON path, line and byte from 1) and what.</summary>
    private static string Json(JsonException json)
    {
        var what = json.Message.Split(" Path: ", 2)[0].Split(" LineNumber: ", 2)[0].TrimEnd(' ', '|');
        return json.LineNumber is { } line
            ? FormattableString.Invariant($"The body is not as expected at {(json.Path is { Length: > 0 } path ? path : "$")} (line {line + 1}, byte {json.BytePositionInLine + 1}): {what}")
            : $"The body is not as expected: {what}";
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Method} {Path} failed (request {RequestId})")]
    private partial void LogFailed(string method, string path, string requestId, Exception exception);
}

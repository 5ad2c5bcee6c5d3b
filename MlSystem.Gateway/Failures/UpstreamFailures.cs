using System.Globalization;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.WebUtilities;
using MlSystem.ServiceDefaults.Errors;
using Yarp.ReverseProxy.Forwarder;

namespace MlSystem.Gateway.Failures;

/// <summary>Answers for a service that could not: in the protocol's own form, and telling when to try again.</summary>
internal static partial class UpstreamFailures
{
    private const int RetryAfterSeconds = 1;

    public static async Task AnswerAsync(HttpContext context, RequestDelegate next)
    {
        // What a service answers is passed on as it is, an error without a body too.
        if (context.Features.Get<IStatusCodePagesFeature>() is { } pages)
        {
            pages.Enabled = false;
        }

        await next(context);
        if (context.Features.Get<IForwarderErrorFeature>() is { } failure && !context.Response.HasStarted && !context.RequestAborted.IsCancellationRequested)
        {
            context.Response.Headers.Clear();
            var answer = Answer(context, failure);
            LogFailed(
                context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger("MlSystem.Gateway.Failures"),
                context.Request.Method, context.Request.Path, answer.Status, failure.Exception?.Message ?? failure.Error.ToString());
            await context.WriteErrorAsync(answer);
        }
    }

    private static ErrorAnswer Answer(HttpContext context, IForwarderErrorFeature failure)
    {
        var proxy = context.GetReverseProxyFeature();
        if (BadRequest(failure.Exception) is { } bad)
        {
            return new ErrorAnswer(bad.StatusCode, ReasonPhrases.GetReasonPhrase(bad.StatusCode), bad.Message);
        }

        var service = proxy.Cluster.Config.ClusterId.Split('-')[0];
        if (failure.Error is ForwarderError.RequestTimedOut or ForwarderError.ResponseBodyCanceled)
        {
            var seconds = proxy.Cluster.Config.HttpRequest?.ActivityTimeout?.TotalSeconds;
            return new ErrorAnswer(
                StatusCodes.Status504GatewayTimeout, "Gateway Timeout", string.Create(CultureInfo.InvariantCulture, $"The service '{service}' did not answer within {seconds} s."));
        }

        return new ErrorAnswer(StatusCodes.Status503ServiceUnavailable, "Service Unavailable", $"The service '{service}' can't be reached at the moment.")
        {
            RetryAfterSeconds = RetryAfterSeconds,
        };
    }

    /// <summary>A mistake in the caller's own body (too large, cut short) shows up while it is passed on.</summary>
    private static BadHttpRequestException? BadRequest(Exception? error) => error switch
    {
        null => null,
        BadHttpRequestException bad => bad,
        AggregateException many => many.InnerExceptions.Select(BadRequest).FirstOrDefault(bad => bad is not null),
        _ => BadRequest(error.InnerException),
    };

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Method} {Path} answered with {Status}: {Reason}")]
    private static partial void LogFailed(ILogger logger, string method, string path, int status, string reason);
}

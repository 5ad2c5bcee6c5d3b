using System.Net.Sockets;
using Amazon.Runtime;
using Azure;
using MlSystem.ServiceDefaults.Errors;

namespace MlSystem.Registry.Artifacts.Stores;

/// <summary>Tells that a remote store is away (no connection, no answer in time, its own 5xx, throttling) from what trying again won't mend.</summary>
internal static class StoreFailure
{
    private const int RetryAfterSeconds = 5;

    /// <summary>503, to be tried again.</summary>
    public static ErrorAnswerException Answer(Exception error) =>
        new(new ErrorAnswer(StatusCodes.Status503ServiceUnavailable, "Service Unavailable", "The store of the artifacts can't be reached at the moment; try again.") { RetryAfterSeconds = RetryAfterSeconds }, error);

    /// <param name="cancellationToken">The caller's: that it gave up is no failure of the store.</param>
    public static bool IsAway(Exception? error, CancellationToken cancellationToken) => !cancellationToken.IsCancellationRequested && IsAway(error);

    private static bool IsAway(Exception? error) => error switch
    {
        null or ErrorAnswerException => false,
        AmazonServiceException { StatusCode: var status } when Passes((int)status) => true,
        RequestFailedException { Status: var status } when Passes(status) => true,
        HttpRequestException or HttpIOException or SocketException or TimeoutException or OperationCanceledException => true,
        AggregateException all => all.InnerExceptions.Any(IsAway),
        _ => IsAway(error.InnerException),
    };

    private static bool Passes(int status) =>
        status is StatusCodes.Status408RequestTimeout or StatusCodes.Status429TooManyRequests or >= StatusCodes.Status500InternalServerError;
}

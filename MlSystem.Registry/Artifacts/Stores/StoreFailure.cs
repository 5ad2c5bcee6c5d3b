using System.Globalization;
using System.Xml;
using Amazon.Runtime;
using Azure;
using Azure.Identity;
using MlSystem.ServiceDefaults.Errors;

namespace MlSystem.Registry.Artifacts.Stores;

/// <summary>Turns what the clients of remote stores throw into answers: that a store is away, to be tried again, or that it refuses, which an operator must mend.</summary>
internal static class StoreFailure
{
    private const int RetryAfterSeconds = 5;

    /// <summary>Below it there was no answer.</summary>
    private const int MinStatus = 100;
    private const string Unreachable = "The store of the artifacts can't be reached at the moment";

    /// <param name="cancellationToken">The caller's: that it gave up is no failure of the store.</param>
    public static bool IsOne(Exception error, CancellationToken cancellationToken) => !cancellationToken.IsCancellationRequested && Find(error) is not null;

    public static ErrorAnswerException Answer(Exception error) => Find(error) ?? throw new ArgumentException("It is no failure of a store.", nameof(error));

    private static ErrorAnswerException? Find(Exception? error) => error switch
    {
        null or ErrorAnswerException or FileNotFoundException or DirectoryNotFoundException => null,
        StoreSilentException silent => Away(silent, $"{Unreachable}: {silent.Message}; try again."),
        // Before its base type: an answer that was broken off has the status of its beginning.
        AmazonUnmarshallingException => Away(error),
        AmazonServiceException s3 when (int)s3.StatusCode >= MinStatus => OfStatus((int)s3.StatusCode, s3.ErrorCode, error),
        RequestFailedException { Status: >= MinStatus } azure => OfStatus(azure.Status, azure.ErrorCode, error),
        AuthenticationFailedException => Refused("the registry can't sign in", error),
        HttpRequestException or IOException or XmlException or System.Net.Sockets.SocketException or TimeoutException or OperationCanceledException => Away(error),
        AggregateException all => all.InnerExceptions.Select(Find).FirstOrDefault(answer => answer is not null),
        AmazonClientException when error.InnerException is null => Refused("its client failed, as without credentials", error),
        _ => Find(error.InnerException),
    };

    /// <summary>503 for what passes: throttling, time-outs, the store's own failures; 502 for what does not.</summary>
    private static ErrorAnswerException OfStatus(int status, string? code, Exception error) =>
        status is StatusCodes.Status408RequestTimeout or StatusCodes.Status429TooManyRequests or >= StatusCodes.Status500InternalServerError or < StatusCodes.Status400BadRequest
            ? Away(error)
            : Refused(string.Create(CultureInfo.InvariantCulture, $"it answered {status} {code}"), error);

    private static ErrorAnswerException Away(Exception error, string text = $"{Unreachable}; try again.") =>
        new(new ErrorAnswer(StatusCodes.Status503ServiceUnavailable, "Service Unavailable", text) { RetryAfterSeconds = RetryAfterSeconds }, error);

    private static ErrorAnswerException Refused(string why, Exception error) =>
        new(new ErrorAnswer(StatusCodes.Status502BadGateway, "Bad Gateway", $"The store of the artifacts refuses the registry: {why}. Its operator must look at {ArtifactOptions.Section} and the store's rights; the registry's log has more."), error);
}

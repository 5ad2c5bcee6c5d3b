using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace MlSystem.ServiceDefaults.Errors;

/// <summary>Errors of gRPC requests that never reached a gRPC service: a "trailers-only" answer (gRPC over HTTP/2, "Responses").</summary>
public static class GrpcStatus
{
    public static bool IsGrpc(HttpRequest request) =>
        request.ContentType is { } type && type.StartsWith("application/grpc", StringComparison.OrdinalIgnoreCase)
        && !type.StartsWith("application/grpc-web", StringComparison.OrdinalIgnoreCase);

    public static void Write(HttpResponse response, ErrorAnswer error) => Write(response, Code(error.Status), error.Message);

    /// <param name="code">gRPC status code.</param>
    public static void Write(HttpResponse response, int code, string message)
    {
        response.StatusCode = StatusCodes.Status200OK;
        response.ContentType = "application/grpc";
        response.Headers["grpc-status"] = code.ToString(CultureInfo.InvariantCulture);
        response.Headers["grpc-message"] = PercentEncode(message);
    }

    /// <summary>The gRPC status code that says what the HTTP status says.</summary>
    internal static int Code(int status) => status switch
    {
        400 => 3, // INVALID_ARGUMENT
        401 => 16, // UNAUTHENTICATED
        403 => 7, // PERMISSION_DENIED
        404 or 405 or 501 => 12, // UNIMPLEMENTED: no such service or method
        408 or 504 => 4, // DEADLINE_EXCEEDED
        409 => 10, // ABORTED
        412 => 9, // FAILED_PRECONDITION
        413 or 429 => 8, // RESOURCE_EXHAUSTED
        499 => 1, // CANCELLED
        502 or 503 => 14, // UNAVAILABLE
        _ => 13, // INTERNAL
    };

    /// <summary>grpc-message is percent-encoded outside of printable ASCII.</summary>
    private static string PercentEncode(string message)
    {
        var text = new StringBuilder(message.Length);
        foreach (var octet in Encoding.UTF8.GetBytes(message))
        {
            if (octet is >= 0x20 and <= 0x7E and not (byte)'%')
            {
                text.Append((char)octet);
            }
            else
            {
                text.Append('%').Append(octet.ToString("X2", CultureInfo.InvariantCulture));
            }
        }

        return text.ToString();
    }
}

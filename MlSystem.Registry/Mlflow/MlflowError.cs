using System.Text.Json;
using MlSystem.ServiceDefaults.Errors;

namespace MlSystem.Registry.Mlflow;

/// <summary>Refusals in MLflow's terms: the answer's title is MLflow's error code, its body <c>{"error_code", "message"}</c>.</summary>
internal static class MlflowError
{
    public static ErrorAnswerException Invalid(string message) => Of(StatusCodes.Status400BadRequest, ErrorCodes.InvalidParameterValue, message);

    public static ErrorAnswerException NotFound(string message) => Of(StatusCodes.Status404NotFound, ErrorCodes.ResourceDoesNotExist, message);

    public static ErrorAnswerException Exists(string message) => Of(StatusCodes.Status400BadRequest, ErrorCodes.ResourceAlreadyExists, message);

    /// <summary>The change would break something that depends on the present state.</summary>
    public static ErrorAnswerException Conflict(string message) => Of(StatusCodes.Status409Conflict, ErrorCodes.ResourceConflict, message);

    /// <summary>A call of MLflow that this registry does not offer.</summary>
    public static ErrorAnswerException NotImplemented(string message) => Of(StatusCodes.Status501NotImplemented, ErrorCodes.NotImplemented, message);

    /// <summary>Writes MLflow's error body, also for errors that arise outside the registry's own handlers.</summary>
    public static void Write(Utf8JsonWriter writer, ErrorAnswer error)
    {
        writer.WriteString("error_code", ErrorCodes.IsOne(error.Title) ? error.Title : ErrorCodes.Of(error.Status));
        writer.WriteString("message", error.Message);
    }

    private static ErrorAnswerException Of(int status, string code, string message) => new(new ErrorAnswer(status, code, message));
}

/// <summary>MLflow's error codes, as its clients compare them.</summary>
internal static class ErrorCodes
{
    public const string ResourceDoesNotExist = "RESOURCE_DOES_NOT_EXIST";
    public const string ResourceAlreadyExists = "RESOURCE_ALREADY_EXISTS";
    public const string InvalidParameterValue = "INVALID_PARAMETER_VALUE";
    public const string ResourceConflict = "RESOURCE_CONFLICT";
    public const string NotImplemented = "NOT_IMPLEMENTED";

    public static bool IsOne(string title) => title is ResourceDoesNotExist or ResourceAlreadyExists or InvalidParameterValue or ResourceConflict or NotImplemented;

    /// <summary>The code of an error that has only an HTTP status.</summary>
    public static string Of(int status) => status switch
    {
        StatusCodes.Status401Unauthorized => "UNAUTHENTICATED",
        StatusCodes.Status403Forbidden => "PERMISSION_DENIED",
        StatusCodes.Status404NotFound or StatusCodes.Status405MethodNotAllowed => "ENDPOINT_NOT_FOUND",
        StatusCodes.Status409Conflict => ResourceConflict,
        StatusCodes.Status410Gone => "DATA_LOSS",
        StatusCodes.Status413PayloadTooLarge or StatusCodes.Status429TooManyRequests => "REQUEST_LIMIT_EXCEEDED",
        StatusCodes.Status503ServiceUnavailable => "TEMPORARILY_UNAVAILABLE",
        StatusCodes.Status501NotImplemented => NotImplemented,
        StatusCodes.Status507InsufficientStorage => "RESOURCE_EXHAUSTED",
        >= StatusCodes.Status500InternalServerError => "INTERNAL_ERROR",
        _ => InvalidParameterValue,
    };
}

namespace MlSystem.Registry.Mlflow;

/// <summary>A refusal in MLflow's terms; <see cref="MlflowErrors"/> writes it as <c>{"error_code", "message"}</c>.</summary>
internal sealed class MlflowException(string errorCode, string message) : Exception(message)
{
    public string ErrorCode { get; } = errorCode;

    public int Status => ErrorCode switch
    {
        ErrorCodes.ResourceDoesNotExist or ErrorCodes.EndpointNotFound => StatusCodes.Status404NotFound,
        ErrorCodes.InternalError => StatusCodes.Status500InternalServerError,
        ErrorCodes.RequestLimitExceeded => StatusCodes.Status413PayloadTooLarge,
        _ => StatusCodes.Status400BadRequest,
    };

    public static MlflowException Invalid(string message) => new(ErrorCodes.InvalidParameterValue, message);

    public static MlflowException NotFound(string message) => new(ErrorCodes.ResourceDoesNotExist, message);

    public static MlflowException Exists(string message) => new(ErrorCodes.ResourceAlreadyExists, message);

    public static MlflowException State(string message) => new(ErrorCodes.InvalidState, message);
}

/// <summary>MLflow's error codes, as its clients compare them.</summary>
internal static class ErrorCodes
{
    public const string ResourceDoesNotExist = "RESOURCE_DOES_NOT_EXIST";
    public const string ResourceAlreadyExists = "RESOURCE_ALREADY_EXISTS";
    public const string InvalidParameterValue = "INVALID_PARAMETER_VALUE";
    public const string InvalidState = "INVALID_STATE";
    public const string EndpointNotFound = "ENDPOINT_NOT_FOUND";
    public const string RequestLimitExceeded = "REQUEST_LIMIT_EXCEEDED";
    public const string InternalError = "INTERNAL_ERROR";
}

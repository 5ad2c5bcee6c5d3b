using MlSystem.ServiceDefaults.Errors;

namespace MlSystem.Registry.Serving;

/// <summary>Refusals of the native API, answered as problem documents.</summary>
internal static class Refused
{
    public static ErrorAnswerException NotFound(string message) => new(StatusCodes.Status404NotFound, message);

    public static ErrorAnswerException BadRequest(string message) => new(StatusCodes.Status400BadRequest, message);

    public static ErrorAnswerException Forbidden(string message) => new(StatusCodes.Status403Forbidden, message);

    public static ErrorAnswerException Conflict(string message) => new(StatusCodes.Status409Conflict, message);

    public static ErrorAnswerException PreconditionFailed(string message) => new(StatusCodes.Status412PreconditionFailed, message);

    /// <summary>The text has the mistakes too: MLflow's form has room for nothing else.</summary>
    public static ErrorAnswerException Invalid(Errors errors, string what = "The serving state") => new(
        new ErrorAnswer(StatusCodes.Status422UnprocessableEntity, "Unprocessable Entity", $"{what} is not valid: {errors.Summary()}.") { Errors = errors.ToDictionary() });
}

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

    public static ErrorAnswerException Invalid(Errors errors) => new(
        new ErrorAnswer(StatusCodes.Status422UnprocessableEntity, "Unprocessable Entity", "The serving state is not valid; 'errors' says where and why.") { Errors = errors.ToDictionary() });
}

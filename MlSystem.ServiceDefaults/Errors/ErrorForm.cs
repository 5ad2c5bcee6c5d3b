using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace MlSystem.ServiceDefaults.Errors;

/// <summary>
/// A protocol's own JSON error body, used for everything that fails below a path: unknown paths, bad bodies, missing keys,
/// exceptions. As endpoint metadata it holds for that endpoint. Where there is none, errors are ProblemDetails.
/// </summary>
/// <param name="PathPrefix">Whole path segments, such as <c>/v2</c>.</param>
/// <param name="WriteMembers">Writes the members of the JSON object.</param>
public sealed record ErrorForm(PathString PathPrefix, Action<Utf8JsonWriter, ErrorAnswer> WriteMembers);

public static class ErrorFormExtensions
{
    /// <summary>Uses a protocol's own error form below a path.</summary>
    public static IServiceCollection AddErrorForm(this IServiceCollection services, string pathPrefix, Action<Utf8JsonWriter, ErrorAnswer> writeMembers) =>
        services.AddSingleton(new ErrorForm(pathPrefix, writeMembers));
}

using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;

namespace MlSystem.ServiceDefaults.Errors;

/// <summary>Chooses the error form of a request.</summary>
internal sealed class ErrorForms(IEnumerable<ErrorForm> forms)
{
    private readonly ErrorForm[] _byLength = [.. forms.OrderByDescending(form => form.PathPrefix.Value!.Length)];

    /// <summary>The endpoint's own form, else that of the longest matching path; null means ProblemDetails.</summary>
    public ErrorForm? Of(HttpContext context) =>
        // While an exception is handled the endpoint is to be found in its feature only.
        (context.GetEndpoint() ?? context.Features.Get<IExceptionHandlerFeature>()?.Endpoint)?.Metadata.GetMetadata<ErrorForm>()
        ?? Array.Find(_byLength, form => context.Request.Path.StartsWithSegments(form.PathPrefix, StringComparison.Ordinal));
}

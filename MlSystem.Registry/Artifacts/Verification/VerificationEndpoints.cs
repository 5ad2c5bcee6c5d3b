using Microsoft.AspNetCore.Http.HttpResults;
using MlSystem.Registry.Serving;

namespace MlSystem.Registry.Artifacts.Verification;

/// <summary>The native API of the verification of contents.</summary>
internal static class VerificationEndpoints
{
    public static void MapVerification(this RouteGroupBuilder root) =>
        root.MapPost("/artifacts/verify", VerifyAsync).WithTags("retention").Accepts<VerificationRequest>(isOptional: true, "application/json").Produces<VerificationReport>()
            .WithSummary("Finds contents that are referenced and not whole in the store: missing, truncated or, with content, altered. Changes nothing.");

    private static async Task<JsonHttpResult<VerificationReport>> VerifyAsync(HttpRequest request, BlobVerifier verifier, CancellationToken cancellationToken)
    {
        var body = await NativeBody.ReadAsync(request, VerificationJson.Default.VerificationRequest, cancellationToken);
        return TypedResults.Json(await verifier.VerifyAsync(body.Content, cancellationToken), VerificationJson.Default.VerificationReport);
    }
}

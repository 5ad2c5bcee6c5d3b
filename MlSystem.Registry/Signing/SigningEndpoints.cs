using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using MlSystem.Contracts;

namespace MlSystem.Registry.Signing;

/// <summary>Tells the public keys.</summary>
internal static class SigningEndpoints
{
    public static void MapSigning(this RouteGroupBuilder root) =>
        root.MapGet("/signing-keys", Keys).WithTags("models").Produces<SigningKeyList>().WithSummary("The public keys that verify manifest signatures; the one that signs now comes first.");

    private static JsonHttpResult<SigningKeyList> Keys(SigningKeys keys) => TypedResults.Json(
        new SigningKeyList([.. keys.All.Select((k, i) => new SigningKeyView(k.Id, ManifestSignature.EcdsaP256, k.PublicPem, i == 0))]), SigningJson.Default.SigningKeyList);
}

/// <summary>A public key.</summary>
/// <param name="PublicKey">PEM.</param>
/// <param name="Current">Whether it signs new versions.</param>
internal sealed record SigningKeyView(string KeyId, string Algorithm, string PublicKey, bool Current);

internal sealed record SigningKeyList(IReadOnlyList<SigningKeyView> Keys);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(SigningKeyList))]
internal sealed partial class SigningJson : JsonSerializerContext;

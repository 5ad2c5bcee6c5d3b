using System.Text.Json;
using MlSystem.Contracts;

namespace MlSystem.Registry.Signing;

/// <summary>Signs the manifests of versions when they are registered, and when their model gets another name.</summary>
internal sealed class ManifestSigner(SigningKeys keys)
{
    /// <summary>The signature as JSON, as it is stored with the version.</summary>
    public string Sign(string model, int version, IEnumerable<ManifestFile> files)
    {
        var key = keys.Current;
        return JsonSerializer.Serialize(
            new() { KeyId = key.Id, Algorithm = ManifestSignature.EcdsaP256, Value = Convert.ToBase64String(key.Sign(Statement(model, version, files))) },
            ContractsJson.Default.ManifestSignature);
    }

    /// <summary>Signs for the new name what was rightly signed for the old; null where it was not.</summary>
    public string? Renamed(string? signature, string before, string after, int version, IReadOnlyList<ManifestFile> files)
    {
        var old = signature is null ? null : JsonSerializer.Deserialize(signature, ContractsJson.Default.ManifestSignature);
        return old is not null && keys.All.FirstOrDefault(k => k.Id == old.KeyId)?.Verify(Statement(before, version, files), Convert.FromBase64String(old.Value)) == true
            ? Sign(after, version, files)
            : null;
    }

    private static byte[] Statement(string model, int version, IEnumerable<ManifestFile> files) => JsonSerializer.SerializeToUtf8Bytes(
        new() { Model = model, Version = version, Files = [.. files.OrderBy(f => f.Path, StringComparer.Ordinal)] }, ContractsJson.Default.ManifestStatement);
}

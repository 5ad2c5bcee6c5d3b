using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.Options;
using MlSystem.Contracts;
using MlSystem.Inference.Runtimes;

namespace MlSystem.Inference.Versions;

/// <summary>
/// Decides whether a version's manifest is what the registry signed. The keys are those of the configured files; without any, those
/// that the registry tells (<c>GET /api/signing-keys</c>): then a changed database or a changed answer is noticed, a registry that
/// was taken over is not.
/// </summary>
public sealed class VersionTrust(RegistryClient registry, IOptions<VersionsOptions> options)
{
    private readonly ConcurrentDictionary<string, string> _fetched = new(StringComparer.Ordinal);
    private readonly Lazy<Dictionary<string, string>> _configured = new(() => TrustedKeys.Read(options.Value.TrustedKeys));

    /// <exception cref="ModelRefusedException">The signature does not verify, is by no trusted key, or is missing although it is required.</exception>
    public async Task CheckAsync(VersionAnswer answer, ModelManifest manifest, CancellationToken cancellationToken)
    {
        if (answer.ManifestSignature is not { } signature)
        {
            if (options.Value.RequireSignature)
            {
                throw new ModelRefusedException("its manifest is not signed, and Inference:Versions:RequireSignature is set");
            }

            return;
        }

        if (signature.Algorithm != ManifestSignature.EcdsaP256)
        {
            throw new ModelRefusedException($"its manifest is signed with {signature.Algorithm}; only {ManifestSignature.EcdsaP256} can be verified");
        }

        var pem = await KeyAsync(signature.KeyId, cancellationToken) ?? throw new ModelRefusedException($"its manifest is signed by the key {signature.KeyId}, which is not trusted");
        if (!Verifies(pem, answer, manifest, signature))
        {
            throw new ModelRefusedException($"the signature of its manifest does not verify with the key {signature.KeyId}: model, version or files are not those that were signed");
        }
    }

    private static bool Verifies(string pem, VersionAnswer answer, ModelManifest manifest, ManifestSignature signature)
    {
        var statement = new ManifestStatement { Model = answer.Model, Version = answer.Version, Files = [.. manifest.Files.OrderBy(file => file.Path, StringComparer.Ordinal)] };
        var value = new byte[64];
        using var key = ECDsa.Create();
        key.ImportFromPem(pem);
        return Convert.TryFromBase64String(signature.Value, value, out var length)
            && key.VerifyData(JsonSerializer.SerializeToUtf8Bytes(statement, ContractsJson.Default.ManifestStatement), value.AsSpan(0, length), HashAlgorithmName.SHA256);
    }

    private async Task<string?> KeyAsync(string id, CancellationToken cancellationToken)
    {
        if (options.Value.TrustedKeys.Count > 0)
        {
            return _configured.Value.GetValueOrDefault(id);
        }

        if (!_fetched.ContainsKey(id))
        {
            foreach (var key in await registry.SigningKeysAsync(cancellationToken))
            {
                // The id is the key's digest: no key can take another's place.
                _fetched.TryAdd(TrustedKeys.IdOf(key.PublicKey), key.PublicKey);
            }
        }

        return _fetched.GetValueOrDefault(id);
    }
}

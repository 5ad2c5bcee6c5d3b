using System.Security.Cryptography;
using Microsoft.Extensions.Options;

namespace MlSystem.Inference.Versions;

/// <summary>Reads the public keys that <see cref="VersionsOptions.TrustedKeys"/> names.</summary>
internal static class TrustedKeys
{
    /// <summary>Key id → PEM. Two files of one key are one key.</summary>
    /// <exception cref="InvalidDataException">A file can't be read or holds no P-256 key; the message says which and why.</exception>
    public static Dictionary<string, string> Read(IEnumerable<string> files)
    {
        var keys = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var file in files)
        {
            var (id, pem) = Read(file);
            keys[id] = pem;
        }

        return keys;
    }

    /// <summary>SHA-256 of the public key (DER, SubjectPublicKeyInfo), lower-case hexadecimal.</summary>
    public static string IdOf(string pem)
    {
        using var key = ECDsa.Create();
        key.ImportFromPem(pem);
        return Convert.ToHexStringLower(SHA256.HashData(key.ExportSubjectPublicKeyInfo()));
    }

    private static (string Id, string Pem) Read(string file)
    {
        try
        {
            var pem = File.ReadAllText(file);
            using var key = ECDsa.Create();
            key.ImportFromPem(pem);
            var curve = key.ExportParameters(includePrivateParameters: false).Curve.Oid;
            return curve.Value == ECCurve.NamedCurves.nistP256.Oid.Value || curve.FriendlyName == ECCurve.NamedCurves.nistP256.Oid.FriendlyName
                ? (IdOf(pem), pem)
                : throw new InvalidDataException($"the key in '{file}' is on the curve {curve.FriendlyName}; P-256 is needed");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException or CryptographicException)
        {
            throw new InvalidDataException($"'{file}' can't be read as the PEM file of a public key: {error.Message}", error);
        }
    }
}

/// <summary>Finds keys that can't be read before the server listens, not when the first version is loaded; tells all of them.</summary>
public sealed class TrustedKeysValidator : IValidateOptions<VersionsOptions>
{
    public ValidateOptionsResult Validate(string? name, VersionsOptions options)
    {
        var mistakes = new List<string>();
        for (var i = 0; i < options.TrustedKeys.Count; i++)
        {
            try
            {
                TrustedKeys.Read([options.TrustedKeys[i]]);
            }
            catch (InvalidDataException error)
            {
                mistakes.Add($"Inference:Versions:TrustedKeys:{i}: {error.Message}");
            }
        }

        return mistakes.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(mistakes);
    }
}

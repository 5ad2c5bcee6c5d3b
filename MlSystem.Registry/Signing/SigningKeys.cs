using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using MlSystem.Registry.Storage;
using MlSystem.ServiceDefaults.Hosting;
using MlSystem.ServiceDefaults.Storage;

namespace MlSystem.Registry.Signing;

/// <summary>The keys of the registry: one that signs, and those that signed before.</summary>
internal sealed class SigningKeys(DataDirectory data, IOptions<SigningOptions> options) : IDisposable
{
    private readonly Lock _lock = new();
    private List<SigningKey>? _keys;

    /// <summary>The key that signs.</summary>
    public SigningKey Current => All[0];

    /// <summary>All keys, the one that signs first.</summary>
    public IReadOnlyList<SigningKey> All
    {
        get
        {
            lock (_lock)
            {
                return _keys ??= Open();
            }
        }
    }

    public void Dispose() => _keys?.ForEach(key => key.Dispose());

    private List<SigningKey> Open()
    {
        var file = options.Value.KeyFile;
        if (file is null)
        {
            file = Path.Combine(data.Own, "signing.pem");
            if (!File.Exists(file))
            {
                using var made = ECDsa.Create(ECCurve.NamedCurves.nistP256);
                SecretFile.Make(file, Encoding.ASCII.GetBytes(made.ExportPkcs8PrivateKeyPem() + "\n"));
            }
        }

        var current = SigningKey.Read(file);
        return current.CanSign
            ? [current, .. options.Value.PreviousKeyFiles.Select(SigningKey.Read).Where(key => key.Id != current.Id).DistinctBy(key => key.Id)]
            : throw new StartupFailureException($"Registry:Signing:KeyFile '{file}' has no private key.");
    }
}

/// <summary>An ECDSA key on P-256.</summary>
internal sealed class SigningKey : IDisposable
{
    private readonly ECDsa _key;

    private SigningKey(ECDsa key, bool canSign)
    {
        (_key, CanSign) = (key, canSign);
        Id = Convert.ToHexStringLower(SHA256.HashData(key.ExportSubjectPublicKeyInfo()));
    }

    /// <summary>SHA-256 of the public key (DER, SubjectPublicKeyInfo), lower-case hexadecimal.</summary>
    public string Id { get; }

    public bool CanSign { get; }

    public string PublicPem => _key.ExportSubjectPublicKeyInfoPem();

    /// <exception cref="StartupFailureException">The file can't be read or holds no P-256 key.</exception>
    public static SigningKey Read(string file)
    {
        try
        {
            var pem = File.ReadAllText(file);
            var key = ECDsa.Create();
            key.ImportFromPem(pem);
            var curve = key.ExportParameters(includePrivateParameters: false).Curve.Oid;
            return curve.Value == ECCurve.NamedCurves.nistP256.Oid.Value || curve.FriendlyName == ECCurve.NamedCurves.nistP256.Oid.FriendlyName
                ? new(key, pem.Contains("PRIVATE KEY", StringComparison.Ordinal))
                : throw new StartupFailureException($"The key in '{file}' is on the curve {curve.FriendlyName}; P-256 is needed.");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException or CryptographicException)
        {
            throw new StartupFailureException($"The signing key '{file}' can't be read: {error.Message}");
        }
    }

    /// <summary>R and S, 32 bytes each.</summary>
    public byte[] Sign(byte[] content) => _key.SignData(content, HashAlgorithmName.SHA256);

    public bool Verify(byte[] content, byte[] signature) => _key.VerifyData(content, signature, HashAlgorithmName.SHA256);

    public void Dispose() => _key.Dispose();
}

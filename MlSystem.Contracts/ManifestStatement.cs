namespace MlSystem.Contracts;

/// <summary>
/// What the registry signs of a version. Its canonical form, over which the signature is made and verified, is the UTF-8 JSON of this
/// record as <see cref="ContractsJson"/> writes it, without white space, the files in the order of their paths by code units.
/// </summary>
public sealed record ManifestStatement
{
    public required string Model { get; init; }

    public required int Version { get; init; }

    /// <summary>All files of the version, <c>signature.json</c> and <c>lineage.json</c> among them where it has them.</summary>
    public required IReadOnlyList<ManifestFile> Files { get; init; }
}

/// <summary>The registry's signature of a <see cref="ManifestStatement"/>.</summary>
public sealed record ManifestSignature
{
    /// <summary>ECDSA over P-256 with SHA-256; the signature is R and S, 32 bytes each (IEEE P1363).</summary>
    public const string EcdsaP256 = "ecdsa-p256-sha256";

    /// <summary>SHA-256 of the public key (DER, SubjectPublicKeyInfo), 64 lower-case hexadecimal digits.</summary>
    public required string KeyId { get; init; }

    public required string Algorithm { get; init; }

    /// <summary>Base64.</summary>
    public required string Value { get; init; }
}

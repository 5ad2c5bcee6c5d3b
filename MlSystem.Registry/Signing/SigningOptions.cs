namespace MlSystem.Registry.Signing;

/// <summary>Configuration section <c>Registry:Signing</c>.</summary>
internal sealed class SigningOptions
{
    public const string Section = "Registry:Signing";

    /// <summary>PEM file with the private key (EC, P-256) that signs new versions; null (the default) for <c>signing.pem</c> in the service's folder, made when missing.</summary>
    public string? KeyFile { get; set; }

    /// <summary>PEM files of keys that signed before, private or public: they sign nothing any more and are still told to who verifies.</summary>
    public IReadOnlyList<string> PreviousKeyFiles { get; set; } = [];
}

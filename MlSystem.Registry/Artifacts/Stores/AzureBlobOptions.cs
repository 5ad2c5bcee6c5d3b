using System.ComponentModel.DataAnnotations;

namespace MlSystem.Registry.Artifacts.Stores;

/// <summary>Configuration section <c>Registry:Artifacts:Azure</c>.</summary>
internal sealed class AzureBlobOptions
{
    /// <summary>Of the storage account; or <see cref="Endpoint"/>.</summary>
    public string? ConnectionString { get; set; }

    /// <summary>URL of the account's blob service, such as <c>https://account.blob.core.windows.net</c>; signs in by Azure's own chain: environment, workload identity, managed identity, Azure CLI.</summary>
    public string? Endpoint { get; set; }

    /// <summary>The container; it must exist.</summary>
    public string? Container { get; set; }

    /// <summary>What every name begins with; default <c>blobs/</c>.</summary>
    public string Prefix { get; set; } = "blobs/";

    public IEnumerable<ValidationResult> Problems()
    {
        if (string.IsNullOrEmpty(Container))
        {
            yield return new("Registry:Artifacts:Azure:Container is required where Registry:Artifacts:Store is azure.");
        }

        if (string.IsNullOrEmpty(ConnectionString) == string.IsNullOrEmpty(Endpoint))
        {
            yield return new("Registry:Artifacts:Azure needs either ConnectionString or Endpoint.");
        }

        if (!string.IsNullOrEmpty(Endpoint) && !(Uri.TryCreate(Endpoint, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"))
        {
            yield return new($"Registry:Artifacts:Azure:Endpoint '{Endpoint}' is no http or https URL.");
        }
    }
}

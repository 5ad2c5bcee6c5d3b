using System.ComponentModel.DataAnnotations;

namespace MlSystem.Registry.Artifacts.Stores;

/// <summary>Configuration section <c>Registry:Artifacts:S3</c>.</summary>
internal sealed class S3Options
{
    /// <summary>The bucket; it must exist.</summary>
    public string? Bucket { get; set; }

    /// <summary>What every key begins with; default <c>blobs/</c>.</summary>
    public string Prefix { get; set; } = "blobs/";

    /// <summary>URL of an S3-compatible server; null (the default) for AWS.</summary>
    public string? Endpoint { get; set; }

    /// <summary>AWS region; null (the default) for that of the environment, <c>us-east-1</c> where <see cref="Endpoint"/> is set.</summary>
    public string? Region { get; set; }

    /// <summary>Whether the bucket stands in the path and not in the host name; default false. Most servers other than AWS need it.</summary>
    public bool PathStyle { get; set; }

    /// <summary>With <see cref="SecretKey"/>; null (the default) for AWS's own chain: environment, profile, container, instance.</summary>
    public string? AccessKey { get; set; }

    public string? SecretKey { get; set; }

    public IEnumerable<ValidationResult> Problems()
    {
        if (string.IsNullOrEmpty(Bucket))
        {
            yield return new("Registry:Artifacts:S3:Bucket is required where Registry:Artifacts:Store is s3.");
        }

        if (Endpoint is not null && !(Uri.TryCreate(Endpoint, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"))
        {
            yield return new($"Registry:Artifacts:S3:Endpoint '{Endpoint}' is no http or https URL.");
        }

        if (string.IsNullOrEmpty(AccessKey) != string.IsNullOrEmpty(SecretKey))
        {
            yield return new("Registry:Artifacts:S3:AccessKey and SecretKey are given together or not at all.");
        }
    }
}

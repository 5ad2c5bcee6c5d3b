using System.ComponentModel.DataAnnotations;

namespace MlSystem.Registry.Webhooks;

/// <summary>Configuration section <c>Registry:Webhooks</c>.</summary>
internal sealed class WebhookOptions
{
    public const string Section = "Registry:Webhooks";

    /// <summary>Whether webhooks may reach loopback, link-local, private and reserved addresses. Default: no.</summary>
    public bool AllowPrivateAddresses { get; set; }

    /// <summary>Whether URLs may be <c>http</c>. Default: only <c>https</c>.</summary>
    public bool AllowHttp { get; set; }

    /// <summary>Seconds until an attempt is given up. Default 30.</summary>
    [Range(1, 300)]
    public int TimeoutSeconds { get; set; } = 30;

    /// <summary>Attempts until a delivery has failed. Default 12: with the growing waits between them a little over an hour.</summary>
    [Range(1, 30)]
    public int MaxAttempts { get; set; } = 12;

    /// <summary>Attempts at the same time, of all webhooks together; of one there is one at a time. Default 64.</summary>
    [Range(1, 1000)]
    public int MaxConcurrent { get; set; } = 64;

    /// <summary>Days for which the log of ended deliveries is kept. Default 30.</summary>
    [Range(1, 3650)]
    public int KeepDeliveriesDays { get; set; } = 30;

    /// <summary>File of the key that encrypts the secrets; made when it is missing, shared by replicas. Default: <c>webhooks.key</c> in the service's own folder.</summary>
    public string? KeyFile { get; set; }
}

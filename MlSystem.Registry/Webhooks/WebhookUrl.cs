using System.Net;
using MlSystem.Registry.Mlflow;

namespace MlSystem.Registry.Webhooks;

/// <summary>Which URLs a webhook may have. The addresses behind a name are checked when a connection is made.</summary>
internal static class WebhookUrl
{
    private const int MaxLength = 500;

    public static string Checked(string? url, WebhookOptions options)
    {
        var value = Require.Text(url, "url");
        return Problem(value, options) is { } problem ? throw MlflowError.Invalid($"Invalid webhook URL: {problem}.") : value;
    }

    private static string? Problem(string url, WebhookOptions options) =>
        url.Length > MaxLength ? $"it has {url.Length} characters; at most {MaxLength} are allowed"
        : !Uri.TryCreate(url, UriKind.Absolute, out var uri) ? "it is not an absolute URL"
        : uri.Scheme != Uri.UriSchemeHttps && !(options.AllowHttp && uri.Scheme == Uri.UriSchemeHttp) ? $"the scheme must be https{(options.AllowHttp ? " or http" : " (Registry:Webhooks:AllowHttp)")}"
        : uri.UserInfo.Length > 0 ? "it must not contain a user name or password"
        : !options.AllowPrivateAddresses && (uri.IsLoopback || (IPAddress.TryParse(uri.DnsSafeHost, out var address) && !AddressRules.IsPublic(address)))
            ? "its address is not public (Registry:Webhooks:AllowPrivateAddresses)"
        : null;
}

using System.Net;
using System.Net.Sockets;

namespace MlSystem.Registry.Webhooks;

/// <summary>Which addresses are public: everything else is somebody's own network (IANA's special-purpose registries, RFC 6890).</summary>
internal static class AddressRules
{
    private static readonly IPNetwork[] Special =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24",
            "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
            "2001::/23", "2001:db8::/32", "3fff::/20",
        }.Select(IPNetwork.Parse),
    ];

    private static readonly IPNetwork GlobalUnicast = IPNetwork.Parse("2000::/3");
    private static readonly IPNetwork Translated = IPNetwork.Parse("64:ff9b::/96");
    private static readonly IPNetwork SixToFour = IPNetwork.Parse("2002::/16");

    public static bool IsPublic(IPAddress address)
    {
        var bytes = address.GetAddressBytes();
        return address.IsIPv4MappedToIPv6 ? IsPublic(address.MapToIPv4())
            : address.AddressFamily == AddressFamily.InterNetwork ? !Special.Any(n => n.Contains(address))
            : Translated.Contains(address) ? IsPublic(new IPAddress(bytes.AsSpan(12, 4)))
            : SixToFour.Contains(address) ? IsPublic(new IPAddress(bytes.AsSpan(2, 4)))
            : GlobalUnicast.Contains(address) && !Special.Any(n => n.Contains(address));
    }
}

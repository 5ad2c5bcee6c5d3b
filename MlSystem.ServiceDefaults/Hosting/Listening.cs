using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace MlSystem.ServiceDefaults.Hosting;

/// <summary>Puts the bindings into Kestrel, and finds out before starting whether they are free.</summary>
internal static class Listening
{
    public static void Listen(KestrelServerOptions kestrel, IEnumerable<ServiceBinding> bindings)
    {
        foreach (var binding in bindings)
        {
            void Configure(ListenOptions listen)
            {
                // Cleartext can't negotiate: HTTP/1.1 and HTTP/2 need an endpoint each.
                listen.Protocols = binding.Grpc ? HttpProtocols.Http2 : binding.Tls ? HttpProtocols.Http1AndHttp2 : HttpProtocols.Http1;
                if (binding.Tls)
                {
                    listen.UseHttps();
                }
            }

            if (binding.Host == "localhost" && binding.Port != 0)
            {
                kestrel.ListenLocalhost(binding.Port, Configure);
            }
            else if (IPAddress.TryParse(binding.Host == "localhost" ? "127.0.0.1" : binding.Host, out var address))
            {
                kestrel.Listen(address, binding.Port, Configure);
            }
            else
            {
                kestrel.ListenAnyIP(binding.Port, Configure);
            }
        }
    }

    /// <summary>Fails with one line for the first address that another process has; Kestrel itself would log a page.</summary>
    public static void ThrowIfTaken(IEnumerable<ServiceBinding> bindings)
    {
        foreach (var binding in bindings.Where(binding => binding.Port != 0))
        {
            var address = IPAddress.TryParse(binding.Host, out var ip) ? ip : binding.Host == "localhost" ? IPAddress.Loopback : IPAddress.Any;
            try
            {
                using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
                socket.Bind(new IPEndPoint(address, binding.Port));
                socket.Listen();
            }
            catch (SocketException error)
            {
                var reason = error.SocketErrorCode switch
                {
                    SocketError.AddressAlreadyInUse => "is already in use by another process; stop it or choose another port",
                    SocketError.AccessDenied => "may not be used by this user",
                    SocketError.AddressNotAvailable => "is not an address of this machine",
                    _ => "can't be used: " + error.Message,
                };
                throw new StartupFailureException($"The address {binding} {reason}.", error);
            }
        }
    }
}

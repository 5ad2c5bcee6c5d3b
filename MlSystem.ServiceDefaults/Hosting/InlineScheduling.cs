using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace MlSystem.ServiceDefaults.Hosting;

/// <summary>Lets an HTTP/1.1 request be handled by the thread that read it.</summary>
public static class InlineScheduling
{
    private const string InlineCompletions = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS";

    /// <summary>
    /// Lets what waits for a socket go on on the runtime's thread that found it ready. Other sockets wait for that thread, so what may
    /// compute for long or block must leave it first (<see cref="SocketThreads"/>); the clients of other services do. Takes effect before
    /// the first socket is used; an environment variable <c>DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS</c> has the last word.
    /// </summary>
    public static void CompleteSockets()
    {
        // The runtime has no other switch for it.
        if (Environment.GetEnvironmentVariable(InlineCompletions) is null)
        {
            Environment.SetEnvironmentVariable(InlineCompletions, "1");
        }

        SocketThreads.AreUsed = Environment.GetEnvironmentVariable(InlineCompletions) is "1" or "true";
    }

    /// <summary>
    /// Handles HTTP/1.1 requests on the pool's thread that received their bytes, and sends answers from the thread that wrote them,
    /// instead of handing over to another thread each time: for small requests the hand-overs cost more than their handling. A handler
    /// that blocks keeps only its own connection from being read, since the runtime goes on with the others on another thread; it must
    /// await all the same where it has to wait, or a caller that leaves is noticed only afterwards. Each open connection holds a
    /// buffer of 4 KiB: waiting for data without one takes another system call for every request.
    /// gRPC keeps the usual way, in which the answers of a connection's streams gather into one system call.
    /// </summary>
    public static WebApplicationBuilder ScheduleInline(this WebApplicationBuilder builder)
    {
        // Kestrel asks the one that was registered last first.
        builder.Services.AddSingleton<IConnectionListenerFactory, InlineTransport>();
        return builder;
    }

    private sealed class InlineTransport(IReadOnlyList<ServiceBinding> bindings, IOptions<SocketTransportOptions> usual, ILoggerFactory loggers) : IConnectionListenerFactory
    {
        private readonly HashSet<int> _grpcPorts = [.. bindings.Where(binding => binding.Grpc).Select(binding => binding.Port)];
        private readonly SocketTransportFactory _usual = new(usual, loggers);
        private readonly SocketTransportFactory _inline = new(
            Options.Create(new SocketTransportOptions { UnsafePreferInlineScheduling = true, WaitForDataBeforeAllocatingBuffer = false }), loggers);

        public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
            (endpoint is IPEndPoint ip && _grpcPorts.Contains(ip.Port) ? _usual : _inline).BindAsync(endpoint, cancellationToken);
    }
}

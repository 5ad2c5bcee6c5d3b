using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace MlSystem.Registry.Artifacts;

/// <summary>
/// How far a connection may run ahead of its handler: the next bytes of an upload arrive while the ones before are hashed and written, the next
/// of a download are read while the ones before are sent. Only a connection that transfers so much has so much; one that waits has none.
/// </summary>
internal static class TransferBuffers
{
    private const int ReceivedBytes = 2 * 1024 * 1024;
    private const int SentBytes = 512 * 1024;

    // The limits of the same meaning in Kestrel's own options count for connections with TLS only.
    public static void Set(SocketTransportOptions transport) => (transport.MaxReadBufferSize, transport.MaxWriteBufferSize) = (ReceivedBytes, SentBytes);
}

using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;

namespace MlSystem.ServiceDefaults.Hosting;

/// <summary>
/// The service can't run as it is configured, or a store can't be used, and trying again would not help. Thrown before or
/// during start (also by an <see cref="Startup.IStartupTask"/>), it becomes one line on standard error and exit code
/// <see cref="ExitCode"/>.
/// </summary>
/// <param name="message">One line: what is wrong, where, and what to do.</param>
public sealed class StartupFailureException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>EX_CONFIG of sysexits.h.</summary>
    public const int ExitCode = 78;

    /// <summary>The one line for an exception that stands for unusable configuration; null for any other.</summary>
    internal static string? Explain(Exception error) => error switch
    {
        StartupFailureException failure => failure.Message,
        OptionsValidationException options => string.Join("; ", options.Failures),
        IOException { InnerException: AddressInUseException inner } => inner.Message,
        SocketException { SocketErrorCode: SocketError.AccessDenied or SocketError.AddressNotAvailable } socket => $"Can't listen: {socket.Message}",
        _ => null,
    };
}

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
        AggregateException many when many.InnerExceptions.All(inner => Explain(inner) is not null) => string.Join("; ", many.InnerExceptions.Select(Explain)),
        OptionsValidationException options => string.Join("; ", options.Failures),
        // The configuration binder has no exception of its own for a value that is not a number.
        InvalidOperationException { Message: var message } when message.StartsWith("Failed to convert configuration value", StringComparison.Ordinal) => message,
        IOException { InnerException: AddressInUseException inner } => inner.Message,
        SocketException { SocketErrorCode: SocketError.AccessDenied or SocketError.AddressNotAvailable } socket => $"Can't listen: {socket.Message}",
        _ => null,
    };
}

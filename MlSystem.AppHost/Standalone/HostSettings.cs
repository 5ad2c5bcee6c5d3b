using System.Globalization;

namespace MlSystem.AppHost.Standalone;

/// <summary>What the user can choose; the command line wins over the environment.</summary>
/// <param name="DataDirectory">Absolute path of the folder for all state.</param>
/// <param name="PortOffset">Added to every default port, 0 to <see cref="MaxPortOffset"/>.</param>
/// <param name="Sample">The sample to load once the system is ready, or null.</param>
internal sealed record HostSettings(string DataDirectory, int PortOffset = 0, string? Sample = null)
{
    public const int MaxPortOffset = 50_000;

    public static readonly string Help = $"""
        Starts the whole system on this machine: every service as a child process, on embedded stores, bound to 127.0.0.1.

        usage: dotnet run --project MlSystem.AppHost -- [options]

          --data <dir>         folder for all state (MlSystem__DataDirectory; default .mlsystem in the working directory)
          --port-offset <n>    added to every port, 0 to {MaxPortOffset} (MlSystem__PortOffset; default 0: the gateway is on 8080)
          --sample churn       loads the sample once the system is ready; a second time does nothing twice
          --help               this text

        Ctrl-C stops everything. Exit codes: 0 stopped, {StartRefusedException.Usage} wrong command line, {StartRefusedException.Unusable} a port, folder, file or setting can't be used.
        """;

    private static readonly string[] Samples = ["churn"];

    /// <summary>Reads the settings; null when the user asked for help.</summary>
    /// <exception cref="StartRefusedException">An option is unknown, incomplete or out of range.</exception>
    public static HostSettings? Read(IReadOnlyList<string> arguments, Func<string, string?> environment)
    {
        var data = NullIfEmpty(environment("MlSystem__DataDirectory"));
        var offset = NullIfEmpty(environment("MlSystem__PortOffset"));
        string? sample = null;
        for (var i = 0; i < arguments.Count; i++)
        {
            var (name, inline) = Split(arguments[i]);
            switch (name)
            {
                case "--help" or "-h" or "-?": return null;
                case "--data": data = inline ?? Next(arguments, ref i); break;
                case "--port-offset": offset = inline ?? Next(arguments, ref i); break;
                case "--sample": sample = inline ?? Next(arguments, ref i); break;
                default: throw Wrong($"unknown option '{arguments[i]}'; known are --data, --port-offset, --sample and --help");
            }
        }

        if (sample is not null && !Samples.Contains(sample, StringComparer.Ordinal))
        {
            throw Wrong($"unknown sample '{sample}'; known: {string.Join(", ", Samples)}");
        }

        return new HostSettings(FullPath(data ?? ".mlsystem"), ParseOffset(offset), sample);
    }

    private static string? NullIfEmpty(string? value) => string.IsNullOrEmpty(value) ? null : value;

    private static (string Name, string? Value) Split(string argument) =>
        argument.StartsWith("--", StringComparison.Ordinal) && argument.IndexOf('=', StringComparison.Ordinal) is > 0 and var at
            ? (argument[..at], argument[(at + 1)..])
            : (argument, null);

    private static string Next(IReadOnlyList<string> arguments, ref int i)
    {
        var option = arguments[i];
        return i + 1 < arguments.Count && !arguments[i + 1].StartsWith("--", StringComparison.Ordinal)
            ? arguments[++i]
            : throw Wrong($"option {option} needs a value");
    }

    private static int ParseOffset(string? text) =>
        text is null ? 0
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var offset) && offset <= MaxPortOffset ? offset
        : throw Wrong($"port offset '{text}' is not a whole number from 0 to {MaxPortOffset}");

    private static string FullPath(string path)
    {
        try
        {
            return Path.GetFullPath(path);
        }
        catch (ArgumentException error)
        {
            throw Wrong($"data directory '{path}' is not a path: {error.Message}");
        }
    }

    private static StartRefusedException Wrong(string message) => new(message, StartRefusedException.Usage);
}

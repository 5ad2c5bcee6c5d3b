using System.Globalization;

namespace MlSystem.AppHost.Standalone.Logging;

/// <summary>One log of the host and all services: <c>service | line</c>, whole lines only, coloured where a person reads it. Services stamp their lines themselves; the host stamps its own in the same form.</summary>
internal sealed class MergedLog(TextWriter output, TextWriter errors, bool colour, TimeProvider time)
{
    private const string Reset = "\e[0m";
    private const string Red = "\e[31m";
    private static readonly int Width = ServiceTopology.Services.Max(service => service.Name.Length);
    private static readonly string[] Palette = ["\e[36m", "\e[33m", "\e[35m", "\e[32m", "\e[34m", "\e[96m"];
    private readonly Lock _lock = new();

    /// <summary>Coloured when standard output is a terminal and <c>NO_COLOR</c> is not set (no-color.org).</summary>
    public static MergedLog OnConsole(TimeProvider time) => new(
        Console.Out, Console.Error, !Console.IsOutputRedirected && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")), time);

    /// <summary>A line of the host itself.</summary>
    public void Host(string text) => Write(output, "host", "\e[1m", Stamped(text));

    /// <summary>A line of the host that tells of a failure, on standard error.</summary>
    public void Error(string text) => Write(errors, "host", Red, Stamped(text));

    /// <summary>A line that a service wrote.</summary>
    public void Service(string service, string text)
    {
        var index = ServiceTopology.Services.TakeWhile(each => each.Name != service).Count();
        Write(output, service, Palette[index % Palette.Length], text);
    }

    private string Stamped(string text) => $"{time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture)} {text}";

    private void Write(TextWriter writer, string source, string tint, string text)
    {
        var name = source.PadRight(Width);
        lock (_lock)
        {
            writer.WriteLine(colour ? $"{tint}{name} |{Reset} {text}" : $"{name} | {text}");
        }
    }
}

using System.Globalization;

namespace MlSystem.LoadTest;

/// <summary>How long, how often, and where the report goes.</summary>
internal sealed record LoadOptions
{
    /// <summary>Seconds a target is loaded in one round.</summary>
    public int Seconds { get; init; } = 5;

    /// <summary>Rounds; within one every target is loaded once, so that a drift of the machine meets all alike.</summary>
    public int Rounds { get; init; } = 5;

    /// <summary>The Markdown report to write, or null for standard output alone.</summary>
    public string? Report { get; init; }

    public static LoadOptions Parse(string[] arguments)
    {
        var options = new LoadOptions();
        for (var i = 0; i < arguments.Length; i += 2)
        {
            var value = i + 1 < arguments.Length ? arguments[i + 1] : throw Usage(arguments[i]);
            options = arguments[i] switch
            {
                "--seconds" => options with { Seconds = int.Parse(value, CultureInfo.InvariantCulture) },
                "--rounds" => options with { Rounds = int.Parse(value, CultureInfo.InvariantCulture) },
                "--report" => options with { Report = value },
                _ => throw Usage(arguments[i]),
            };
        }

        return options;
    }

    private static ArgumentException Usage(string argument) =>
        new($"'{argument}' is not understood. Options: --seconds N, --rounds N, --report FILE.");
}

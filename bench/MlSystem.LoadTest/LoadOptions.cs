using System.Globalization;

namespace MlSystem.LoadTest;

/// <summary>How long, how often, what, and where the report goes.</summary>
internal sealed record LoadOptions
{
    public const string Usage =
        "Options: --seconds N (a target in one round, default 5), --rounds N (default 5), --only WORD[,WORD...] (targets whose name contains one of them), --list, --report FILE.";

    /// <summary>Seconds a target is loaded in one round.</summary>
    public int Seconds { get; init; } = 5;

    /// <summary>Rounds; within one every target is loaded once, so that a drift of the machine meets all alike.</summary>
    public int Rounds { get; init; } = 5;

    /// <summary>Parts of the names of the targets to load; empty means all.</summary>
    public IReadOnlyList<string> Only { get; init; } = [];

    /// <summary>Only print the targets' names.</summary>
    public bool List { get; init; }

    /// <summary>The Markdown report to write, or null for standard output alone.</summary>
    public string? Report { get; init; }

    public bool Wants(string target) => Only.Count == 0 || Only.Any(word => target.Contains(word, StringComparison.Ordinal));

    public static LoadOptions Parse(string[] arguments)
    {
        var options = new LoadOptions();
        for (var i = 0; i < arguments.Length; i++)
        {
            options = arguments[i] switch
            {
                "--list" => options with { List = true },
                "--seconds" => options with { Seconds = int.Parse(Value(arguments, ref i), CultureInfo.InvariantCulture) },
                "--rounds" => options with { Rounds = int.Parse(Value(arguments, ref i), CultureInfo.InvariantCulture) },
                "--only" => options with { Only = Value(arguments, ref i).Split(',') },
                "--report" => options with { Report = Value(arguments, ref i) },
                var other => throw new ArgumentException($"'{other}' is not understood. {Usage}", nameof(arguments)),
            };
        }

        return options;
    }

    private static string Value(string[] arguments, ref int i) =>
        ++i < arguments.Length ? arguments[i] : throw new ArgumentException($"'{arguments[i - 1]}' needs a value. {Usage}", nameof(arguments));
}

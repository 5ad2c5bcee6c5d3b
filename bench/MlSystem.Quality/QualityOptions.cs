using System.Globalization;
using MlSystem.Quality.Suites;

namespace MlSystem.Quality;

/// <summary>What the command line asked for.</summary>
/// <param name="Suites">All when none was named.</param>
/// <param name="DataFolder">Where data sets are cached.</param>
/// <param name="Report">Null: none is written.</param>
/// <param name="Folds">Most folds of a suite that has some; null: all, as the protocols say. Fewer are for quick looks.</param>
internal sealed record QualityOptions(IReadOnlyList<IQualitySuite> Suites, string DataFolder, string? Report, int? Folds)
{
    public static QualityOptions Parse(string[] arguments)
    {
        var suites = new List<IQualitySuite>();
        var options = new QualityOptions(suites, Path.Combine(Path.GetTempPath(), "mlsystem-quality"), Path.Combine("bench", "reports", "quality.md"), null);
        for (var i = 0; i < arguments.Length; i++)
        {
            options = arguments[i] switch
            {
                "--data" => options with { DataFolder = Value(arguments, ++i) },
                "--report" => options with { Report = Value(arguments, ++i) },
                "--no-report" => options with { Report = null },
                "--folds" => options with { Folds = int.Parse(Value(arguments, ++i), CultureInfo.InvariantCulture) },
                var name => options with { Suites = [.. options.Suites, Named(name)] },
            };
        }

        return options.Suites.Count == 0 ? options with { Suites = SuiteList.All } : options;
    }

    private static IQualitySuite Named(string name) => SuiteList.All.FirstOrDefault(s => s.Name == name)
        ?? throw new ArgumentException($"There is no suite '{name}'; there are {string.Join(", ", SuiteList.All.Select(s => s.Name))}.");

    private static string Value(string[] arguments, int i) => i < arguments.Length ? arguments[i] : throw new ArgumentException($"{arguments[i - 1]} needs a value.");
}

using System.Diagnostics;
using System.Globalization;
using MlSystem.Quality.Data;

namespace MlSystem.Quality.Suites;

/// <summary>What a suite is given.</summary>
/// <param name="Data">Public data sets.</param>
/// <param name="Folds">Most folds to run; null: all.</param>
public sealed record SuiteContext(DataSets Data, int? Folds)
{
    private readonly long _started = Stopwatch.GetTimestamp();

    /// <summary>Says on standard error how far it is.</summary>
    public void Log(string line) => Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Stopwatch.GetElapsedTime(_started).TotalSeconds,7:0.0} s  {line}"));
}

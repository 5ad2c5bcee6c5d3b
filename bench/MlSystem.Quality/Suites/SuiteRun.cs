using System.Diagnostics;
using MlSystem.Quality.Data;
using MlSystem.Quality.Report;

namespace MlSystem.Quality.Suites;

internal static class SuiteRun
{
    public static async Task<ReportSection> RunAsync(IQualitySuite suite, QualityOptions options, CancellationToken cancellation)
    {
        var started = Stopwatch.GetTimestamp();
        var rows = await suite.RunAsync(new SuiteContext(new DataSets(options.DataFolder), options.Folds), cancellation);
        return new ReportSection(suite, rows, Stopwatch.GetElapsedTime(started), options.Folds);
    }
}

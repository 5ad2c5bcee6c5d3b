using MlSystem.Quality;
using MlSystem.Quality.Report;
using MlSystem.Quality.Suites;

// `bench/quality [suite ...] [--folds N] [--data folder] [--report file | --no-report] [--list]`; ends with 1 when a required bar is missed.
if (args.Contains("--list"))
{
    Console.WriteLine(string.Join('\n', SuiteList.All.Select(s => s.Name)));
    return 0;
}

var options = QualityOptions.Parse(args);
var report = new QualityReport();
using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, pressed) =>
{
    pressed.Cancel = true;
    stop.Cancel();
};
foreach (var suite in options.Suites)
{
    Console.Error.WriteLine($"# {suite.Name}");
    var section = await SuiteRun.RunAsync(suite, options, stop.Token);
    Console.WriteLine(section.Markdown);
    report.Add(section);
    if (options.Report is { } file)
    {
        report.MergeInto(file);
    }
}

return report.Missed ? 1 : 0;

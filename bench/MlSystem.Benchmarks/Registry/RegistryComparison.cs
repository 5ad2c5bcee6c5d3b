using System.Globalization;
using System.Text;

namespace MlSystem.Benchmarks.Registry;

/// <summary>The registry as a process on PostgreSQL, against raw SQL for the queries and <c>cp</c> for files.</summary>
internal static class RegistryComparison
{
    /// <param name="args"><c>[requests a query] [seconds of log-batch] [MiB a file] [report file] [part of a question's name]</c>; default 300, 15, 512, printed only, all; 0 leaves a part out.</param>
    public static async Task<int> RunAsync(string[] args)
    {
        var requests = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 300;
        var seconds = args.Length > 1 ? double.Parse(args[1], CultureInfo.InvariantCulture) : 15;
        var megabytes = args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : 512;
        await using var registry = await BenchRegistry.StartAsync();
        await RegistryData.LoadAsync(registry.ConnectionString);
        var report = new StringBuilder(Head(requests));
        var only = args.Length > 4 ? args[4] : "";
        foreach (var query in RegistryQueries.All.Where(q => requests > 0 && q.Name.Contains(only, StringComparison.Ordinal)))
        {
            var row = await QueryTimes.RowAsync(query, registry, requests, QuerySeconds);
            Console.WriteLine(row);
            report.AppendLine(row);
        }

        report.Append(seconds > 0 ? await LogBatches.RunAsync(registry, seconds) : "");
        report.Append(megabytes > 0 ? await FileCopies.RunAsync(registry, megabytes) : "");
        Console.Write(report);
        if (args.Length > 3 && args[3].Length > 0)
        {
            await File.WriteAllTextAsync(args[3], report.ToString());
        }

        return 0;
    }

    /// <summary>A question is asked for at most so long.</summary>
    private const double QuerySeconds = 8;

    private static string Head(int requests) => string.Create(CultureInfo.InvariantCulture, $"""
        # Registry on PostgreSQL

        {RegistryData.Models:N0} models × {RegistryData.Versions} versions, {RegistryData.Runs:N0} runs in {RegistryData.Experiments} experiments with 5 metrics, 5 params and 3 tags each; {Environment.ProcessorCount} processors, .NET {Environment.Version}.
        PostgreSQL runs on the same machine with its default configuration, every commit on the disk; the registry is asked over HTTP without TLS.
        The baselines are hand-written SQL through Npgsql with prepared statements that brings the same rows, binary COPY of the same rows, and `cp`.
        Questions: one client, up to {requests:N0} times each, by turns with the baseline; times and processor times in ms a request.
        Run: `dotnet run -c Release --project bench/MlSystem.Benchmarks -- registry`.

        {QueryTimes.Head}
        """);
}

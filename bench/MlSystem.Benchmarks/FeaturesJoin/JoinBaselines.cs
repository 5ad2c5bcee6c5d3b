using System.Diagnostics;
using System.Globalization;
using DuckDB.NET.Data;

namespace MlSystem.Benchmarks.FeaturesJoin;

/// <summary>What the join is compared with, each run in a process of its own, which prints its seconds and its peak memory in MiB.</summary>
internal static class JoinBaselines
{
    public const string DuckDbCommand = "features-join-duckdb";
    private const string Python = "/usr/bin/python3";

    /// <summary>pandas' answer to the same question: sorted by time, as it demands, then joined, from files to files. They hold the columns as they are, which is less work than Parquet; Debian has no reader of that for pandas.</summary>
    private const string MergeAsOf = """
        import sys, time, resource
        import numpy as np, pandas as pd
        folder = sys.argv[1]
        start = time.perf_counter()
        read = lambda name, dtype: np.fromfile(f"{folder}/{name}", dtype=dtype)
        labels = pd.DataFrame({"id": read("label_id", "i8"), "us": read("label_us", "i8")})
        features = pd.DataFrame({"id": read("id", "i8"), "us": read("us", "i8"), **{name: read(name, "f4") for name in sys.argv[2:]}})
        joined = pd.merge_asof(labels.sort_values("us"), features.sort_values("us"), on="us", by="id").sort_index()
        assert len(joined) == len(labels)
        for name in joined.columns:
            joined[name].to_numpy().tofile(f"{folder}/joined_{name}")
        print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        """;

    /// <summary>Null where pandas can be used, else why not.</summary>
    public static async Task<string?> PandasMissingAsync()
    {
        if (!File.Exists(Python))
        {
            return $"{Python} is not there";
        }

        using var process = Process.Start(new ProcessStartInfo(Python, ["-c", "import pandas"]) { UseShellExecute = false, RedirectStandardError = true })!;
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? null : "pandas is not there (Debian package python3-pandas)";
    }

    public static Task<(double Seconds, double PeakMiB)> PandasAsync(JoinData data) => RunAsync(Python, ["-c", MergeAsOf, data.RawFolder, .. JoinData.FeatureNames]);

    public static Task<(double Seconds, double PeakMiB)> DuckDbAsync(JoinData data, string resultFile) =>
        RunAsync("dotnet", ["exec", Path.Combine(AppContext.BaseDirectory, "MlSystem.Benchmarks.dll"), DuckDbCommand, data.LabelFile, $"{data.OfflineFolder}/{JoinData.View}/*/*.parquet", resultFile]);

    /// <summary>The child: DuckDB as it is, with the memory and the threads that it takes by itself.</summary>
    public static int DuckDb(string labels, string features, string result)
    {
        using var connection = new DuckDBConnection("DataSource=:memory:");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = $"COPY (SELECT l.*, {string.Join(", ", JoinData.FeatureNames.Select(name => "f." + name))} FROM '{labels}' l ASOF LEFT JOIN '{features}' f "
            + $"ON l.customer_id = f.customer_id AND epoch_us(l.event_timestamp) >= f.__event_us) TO '{result}' (FORMAT parquet, COMPRESSION snappy)";
        var started = Stopwatch.GetTimestamp();
        command.ExecuteNonQuery();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Stopwatch.GetElapsedTime(started).TotalSeconds} {PeakMemory.OfMiB(Environment.ProcessId)}"));
        return 0;
    }

    private static async Task<(double Seconds, double PeakMiB)> RunAsync(string program, IReadOnlyList<string> arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true })!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        var numbers = process.ExitCode == 0 ? output.Split(' ') : throw new InvalidOperationException($"{program} ended with {process.ExitCode}.");
        return (double.Parse(numbers[0], CultureInfo.InvariantCulture), double.Parse(numbers[1], CultureInfo.InvariantCulture));
    }
}

using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace MlSystem.LoadTest.Load;

/// <summary>What one round against one target gave.</summary>
/// <param name="RequestsPerSecond">Answered requests a second.</param>
/// <param name="P50Milliseconds">Median of the response time.</param>
/// <param name="P99Milliseconds">99th percentile of the response time.</param>
/// <param name="Requests">All requests that the server answered meanwhile, about: those of a warm-up too.</param>
internal sealed record LoadResult(double RequestsPerSecond, double P50Milliseconds, double P99Milliseconds, double Requests = 0)
{
    /// <summary>Processor time a request of the processes that answered; what a noisy machine disturbs least.</summary>
    public double CpuMicroseconds { get; init; }
}

/// <summary>The load generators: wrk for as much HTTP/1.1 as a server takes, h2load for gRPC (HTTP/2 without TLS) and for HTTP/1.1 at a given rate.</summary>
internal static partial class LoadTools
{
    public const int GrpcConnections = 4;
    public const int GrpcStreams = 16;
    private const int WarmUpSeconds = 1;

    public static void Require()
    {
        foreach (var (tool, package) in new[] { ("wrk", "wrk"), ("h2load", "nghttp2-client") })
        {
            if (!(Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, tool))))
            {
                throw new InvalidOperationException($"{tool} is not installed (Debian package {package}).");
            }
        }
    }

    public static async Task<LoadResult> HttpAsync(Uri url, string bodyFile, int connections, int seconds)
    {
        var output = await RunAsync(
            "wrk",
            ["-t1", $"-c{connections}", $"-d{seconds}s", "--latency", "-s", Path.Combine(AppContext.BaseDirectory, "infer.lua"), url.ToString()],
            ("LOAD_BODY", bodyFile));
        if (output.Contains("Non-2xx", StringComparison.Ordinal) || output.Contains("Socket errors", StringComparison.Ordinal))
        {
            throw new InvalidOperationException($"{url} did not answer every request:\n{output}");
        }

        var rate = Number(WrkRate().Match(output).Groups["rate"].Value);
        return new LoadResult(rate, Milliseconds(WrkP50().Match(output)), Milliseconds(WrkP99().Match(output)), rate * seconds);
    }

    public static Task<LoadResult> GrpcAsync(Uri url, string bodyFile, int seconds) => H2loadAsync(
        seconds,
        [
            $"-c{GrpcConnections}", $"-m{GrpcStreams}", "-d", bodyFile, "-H", "content-type: application/grpc", "-H", "te: trailers",
            new Uri(url, "/inference.GRPCInferenceService/ModelInfer").ToString(),
        ]);

    /// <summary>HTTP/1.1 at a rate that is held whether or not the server keeps up.</summary>
    public static Task<LoadResult> PacedAsync(Uri url, string bodyFile, int connections, double requestsPerSecond, int seconds) => H2loadAsync(
        seconds,
        [
            "--h1", $"-c{connections}", "-m1", "--rps", (requestsPerSecond / connections).ToString("F3", CultureInfo.InvariantCulture),
            "-d", bodyFile, "-H", "content-type: application/json", url.ToString(),
        ]);

    private static async Task<LoadResult> H2loadAsync(int seconds, string[] arguments)
    {
        var log = Path.GetTempFileName();
        try
        {
            File.Delete(log);
            var output = await RunAsync("h2load", ["-t1", "-D", seconds.ToString(CultureInfo.InvariantCulture), $"--warm-up-time={WarmUpSeconds}", "--log-file", log, .. arguments]);
            var status = H2loadFailures().Match(output);
            if (!status.Success || status.Groups["failed"].Value != "0" || status.Groups["errored"].Value != "0")
            {
                throw new InvalidOperationException($"{arguments[^1]} did not answer every request:\n{output}");
            }

            // Lines of start time, status and microseconds.
            var sorted = File.ReadLines(log).Select(line => Number(line.Split('\t')[2]) / 1e3).Order().ToArray();
            var rate = Number(H2loadRate().Match(output).Groups["rate"].Value);
            return new LoadResult(rate, Percentile(sorted, 0.5), Percentile(sorted, 0.99), rate * (seconds + WarmUpSeconds));
        }
        finally
        {
            File.Delete(log);
        }
    }

    private static double Percentile(double[] sorted, double share) => sorted[(int)Math.Ceiling(sorted.Length * share) - 1];

    private static async Task<string> RunAsync(string file, string[] arguments, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(file, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{file} ended with {process.ExitCode}: {await error}");
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    private static double Milliseconds(Match match) => Number(match.Groups["value"].Value)
        * match.Groups["unit"].Value switch { "us" => 1e-3, "ms" => 1, "s" => 1e3, var unit => throw new FormatException($"Unit {unit}") };

    [GeneratedRegex(@"Requests/sec:\s+(?<rate>[\d.]+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex WrkRate();

    [GeneratedRegex(@"50%\s+(?<value>[\d.]+)(?<unit>us|ms|s)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex WrkP50();

    [GeneratedRegex(@"99%\s+(?<value>[\d.]+)(?<unit>us|ms|s)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex WrkP99();

    [GeneratedRegex(@"finished in [^,]+, (?<rate>[\d.]+) req/s", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex H2loadRate();

    [GeneratedRegex(@"(?<failed>\d+) failed, (?<errored>\d+) errored", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex H2loadFailures();
}

using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace MlSystem.LoadTest;

/// <summary>What one round against one target gave.</summary>
/// <param name="RequestsPerSecond">Answered requests a second.</param>
/// <param name="P99Milliseconds">99th percentile of the response time.</param>
internal sealed record LoadResult(double RequestsPerSecond, double P99Milliseconds);

/// <summary>The load generators: wrk for HTTP/1.1, h2load for gRPC (HTTP/2 without TLS).</summary>
internal static partial class LoadTools
{
    public const int HttpConnections = 16;
    public const int GrpcConnections = 4;
    public const int GrpcStreams = 16;

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

    public static async Task<LoadResult> HttpAsync(Uri url, string bodyFile, int seconds)
    {
        var output = await RunAsync(
            "wrk",
            ["-t1", $"-c{HttpConnections}", $"-d{seconds}s", "--latency", "-s", Path.Combine(AppContext.BaseDirectory, "infer.lua"), url.ToString()],
            ("LOAD_BODY", bodyFile));
        if (output.Contains("Non-2xx", StringComparison.Ordinal) || output.Contains("Socket errors", StringComparison.Ordinal))
        {
            throw new InvalidOperationException($"{url} did not answer every request:\n{output}");
        }

        var p99 = WrkP99().Match(output);
        var scale = p99.Groups["unit"].Value switch { "us" => 1e-3, "ms" => 1, "s" => 1e3, var unit => throw new FormatException($"Unit {unit}") };
        return new LoadResult(Number(WrkRate().Match(output).Groups["rate"].Value), Number(p99.Groups["value"].Value) * scale);
    }

    public static async Task<LoadResult> GrpcAsync(Uri url, string bodyFile, int seconds)
    {
        var log = Path.GetTempFileName();
        try
        {
            File.Delete(log);
            var output = await RunAsync(
                "h2load",
                [
                    "-t1", $"-c{GrpcConnections}", $"-m{GrpcStreams}", "-D", seconds.ToString(CultureInfo.InvariantCulture), "--warm-up-time=1",
                    "-d", bodyFile, "-H", "content-type: application/grpc", "-H", "te: trailers", "--log-file", log,
                    new Uri(url, "/inference.GRPCInferenceService/ModelInfer").ToString(),
                ]);
            var status = H2loadFailures().Match(output);
            if (!status.Success || status.Groups["failed"].Value != "0" || status.Groups["errored"].Value != "0")
            {
                throw new InvalidOperationException($"{url} did not answer every call:\n{output}");
            }

            return new LoadResult(Number(H2loadRate().Match(output).Groups["rate"].Value), P99(log));
        }
        finally
        {
            File.Delete(log);
        }
    }

    /// <summary>Of a log with lines of start time, status and microseconds.</summary>
    private static double P99(string log)
    {
        var microseconds = File.ReadLines(log).Select(line => Number(line.Split('\t')[2])).Order().ToArray();
        return microseconds[(int)Math.Ceiling(microseconds.Length * 0.99) - 1] / 1e3;
    }

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

    [GeneratedRegex(@"Requests/sec:\s+(?<rate>[\d.]+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex WrkRate();

    [GeneratedRegex(@"99%\s+(?<value>[\d.]+)(?<unit>us|ms|s)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex WrkP99();

    [GeneratedRegex(@"finished in [^,]+, (?<rate>[\d.]+) req/s", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex H2loadRate();

    [GeneratedRegex(@"(?<failed>\d+) failed, (?<errored>\d+) errored", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex H2loadFailures();
}

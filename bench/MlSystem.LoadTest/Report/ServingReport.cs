using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using MlSystem.LoadTest.Load;

namespace MlSystem.LoadTest.Report;

/// <summary>The results as Markdown: medians over the rounds, ratios taken round by round against the group's baseline.</summary>
internal static class ServingReport
{
    public static string Write(IReadOnlyList<Target> targets, LoadOptions options, TimeSpan firstAnswer, double startMiB, double endMiB)
    {
        var text = new StringBuilder()
            .AppendLine("# Serving: one-row inference over HTTP, gRPC and the gateway")
            .AppendLine()
            .AppendLine("Run with `dotnet run -c Release --project bench/MlSystem.LoadTest -- --report bench/reports/serving.md` (needs `wrk` and `h2load`; `node` and `npm` for Fastify). Load generator, servers and gateway share the machine's cores; one is loaded at a time. What is compared with what is told in [bench](../README.md).")
            .AppendLine()
            .AppendLine(CultureInfo.InvariantCulture, $"- {Environment.ProcessorCount} cores, {RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}")
            .AppendLine(CultureInfo.InvariantCulture, $"- {options.Rounds} rounds of {options.Seconds} s a target after a warm-up; medians; a ratio is the median of the rounds' ratios within the round.")
            .AppendLine(CultureInfo.InvariantCulture, $"- Inference: process start to first prediction {firstAnswer.TotalSeconds:F2} s; resident memory {startMiB:F0} MiB with all models warm, {endMiB:F0} MiB after the load.")
            .AppendLine()
            .AppendLine("| load and model | target | requests/s | p50 ms | p99 ms | CPU µs a request | compared with | requests/s ratio | p50 − ms | p99 ratio |")
            .AppendLine("|---|---|---:|---:|---:|---:|---|---:|---:|---:|");
        foreach (var target in targets)
        {
            text.Append(CultureInfo.InvariantCulture, $"| {target.Group} | {target.Name} | {Median(target, r => r.RequestsPerSecond):N0} | {Median(target, r => r.P50Milliseconds):N3} | {Median(target, r => r.P99Milliseconds):N3} | {Median(target, r => r.CpuMicroseconds):N1} |");
            var baseline = targets.FirstOrDefault(candidate => candidate.Group == target.Group && candidate.Name == target.Baseline);
            text.AppendLine(baseline is null ? " | | | |" : string.Create(
                CultureInfo.InvariantCulture,
                $" {baseline.Name} | {Median(target, baseline, (a, b) => a.RequestsPerSecond / b.RequestsPerSecond):N2} | {Median(target, baseline, (a, b) => a.P50Milliseconds - b.P50Milliseconds):N3} | {Median(target, baseline, (a, b) => a.P99Milliseconds / b.P99Milliseconds):N2} |"));
        }

        return text.ToString();
    }

    private static double Median(Target target, Func<LoadResult, double> read) => Median(target.Results.Select(read));

    private static double Median(Target target, Target baseline, Func<LoadResult, LoadResult, double> compare) => Median(target.Results.Zip(baseline.Results, compare));

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[sorted.Length / 2 - 1] + sorted[sorted.Length / 2]) / 2;
    }
}

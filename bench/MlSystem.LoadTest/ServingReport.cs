using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace MlSystem.LoadTest;

/// <summary>The results as Markdown: medians over the rounds, ratios taken round by round against the protocol's baseline.</summary>
internal static class ServingReport
{
    public static string Write(IReadOnlyList<Target> targets, LoadOptions options)
    {
        var text = new StringBuilder()
            .AppendLine("# Serving: one-row inference against a server that only parses and answers")
            .AppendLine()
            .AppendLine("Run with `dotnet run -c Release --project bench/MlSystem.LoadTest -- --report bench/reports/serving.md` (needs `wrk` and `h2load`). The churn model (19 raw columns, 10 of them strings; LightGBM) in the standalone system; load generator, gateway, inference and all other services share the machine's cores.")
            .AppendLine()
            .AppendLine(CultureInfo.InvariantCulture, $"- {Environment.ProcessorCount} cores, {RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}")
            .AppendLine(CultureInfo.InvariantCulture, $"- HTTP: wrk, {LoadTools.HttpConnections} connections. gRPC: h2load, {LoadTools.GrpcConnections} connections × {LoadTools.GrpcStreams} streams.")
            .AppendLine(CultureInfo.InvariantCulture, $"- {options.Rounds} rounds of {options.Seconds} s a target after a warm-up; medians; the ratio is the median of the rounds' ratios to the baseline of the same round and protocol.")
            .AppendLine()
            .AppendLine("| protocol | target | requests/s | ratio to baseline | p99 ms |")
            .AppendLine("|---|---|---:|---:|---:|");
        foreach (var target in targets)
        {
            var baseline = targets.First(candidate => candidate.Protocol == target.Protocol);
            var ratio = Median(target.Results.Zip(baseline.Results, (own, other) => own.RequestsPerSecond / other.RequestsPerSecond));
            text.AppendLine(
                CultureInfo.InvariantCulture,
                $"| {target.Protocol} | {target.Name} | {Median(target.Results.Select(r => r.RequestsPerSecond)):N0} | {ratio:N2} | {Median(target.Results.Select(r => r.P99Milliseconds)):N2} |");
        }

        return text.ToString();
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[sorted.Length / 2 - 1] + sorted[sorted.Length / 2]) / 2;
    }
}

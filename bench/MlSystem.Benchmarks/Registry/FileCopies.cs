using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace MlSystem.Benchmarks.Registry;

/// <summary>
/// Artifacts up and down, file to file over HTTP, against <c>cp</c> on the same disk and against a socket alone; by turns, the median of five
/// each. The registry makes an upload durable before it answers, so <c>cp</c> is followed by <c>sync</c> of its file there.
/// </summary>
internal static class FileCopies
{
    private const int Rounds = 5;

    /// <summary>Not counted: the runtime compiles what it runs often, on the processors that the transfer needs.</summary>
    private const int WarmUpRounds = 2;
    private const double Target = 0.7;
    private const string Artifact = "/api/2.0/mlflow-artifacts/artifacts/bench/file";
    private static int _copies;

    public static async Task<string> RunAsync(BenchRegistry registry, int megabytes)
    {
        var source = registry.Folder["source.bin"];
        var copies = new Dictionary<string, Func<string, Task>>(StringComparer.Ordinal)
        {
            ["upload"] = _ => PlainHttp.PutAsync(registry.Http.BaseAddress!, Artifact, source),
            ["cp and sync"] = target => ShellAsync($"cp '{source}' '{target}' && sync '{target}'"),
            ["download"] = target => PlainHttp.GetAsync(registry.Http.BaseAddress!, Artifact, target, durable: false),
            ["cp"] = target => ShellAsync($"cp '{source}' '{target}'"),
            ["download and sync"] = target => PlainHttp.GetAsync(registry.Http.BaseAddress!, Artifact, target, durable: true),
            ["socket"] = target => PlainHttp.CopyAsync(source, target, durable: false),
            ["socket and sync"] = target => PlainHttp.CopyAsync(source, target, durable: true),
        };
        var rates = copies.Keys.ToDictionary(name => name, _ => new List<Copy>(), StringComparer.Ordinal);
        for (var round = -WarmUpRounds; round < Rounds; round++)
        {
            // New content each round: a blob that is there already needs no place on the disk.
            await WriteAsync(source, megabytes);
            foreach (var (name, copy) in copies)
            {
                var measured = await MeasureAsync(registry, megabytes, copy);
                if (round >= 0)
                {
                    rates[name].Add(measured);
                }
            }
        }

        var table = new StringBuilder(string.Create(CultureInfo.InvariantCulture, $"""

            | {megabytes} MiB | MiB/s | registry CPU, ms/MiB | baseline | MiB/s | ratio | target |
            |---|---|---|---|---|---|---|

            """));
        table.AppendLine(Row("upload", "cp and sync", Target)).AppendLine(Row("upload", "socket and sync")).AppendLine(Row("upload", "cp"));
        table.AppendLine(Row("download and sync", "cp and sync", Target)).AppendLine(Row("download", "socket")).AppendLine(Row("download", "cp"));
        table.AppendLine(Row("socket", "cp")).Append(CultureInfo.InvariantCulture, $"""

            Each copy is from file to file with the source in the page cache, new content each round, the median of {Rounds} rounds by turns after {WarmUpRounds} that do not count. An upload is on the disk when it is
            answered, as a copy is after `cp` and `sync` of its file; `cp` alone is done when the page cache has the copy. `socket` is the least that any transfer over TCP on
            this machine takes: one thread reads the file and sends, another receives and writes it; no HTTP, no hash. What it does not reach of `cp` no server can.

            """);
        return table.ToString();

        string Row(string name, string baseline, double? target = null)
        {
            var (rate, other) = (Median(rates[name], c => c.MegabytesPerSecond), Median(rates[baseline], c => c.MegabytesPerSecond));
            return string.Create(
                CultureInfo.InvariantCulture,
                $"| {name} | {rate:F0} | {Median(rates[name], c => c.Cpu):F2} | {baseline} | {other:F0} | {rate / other:F2} | {(target is null ? "" : $"≥ {target} {(rate / other >= target ? "met" : "missed")}")} |");
        }
    }

    private static double Median(List<Copy> copies, Func<Copy, double> value) => copies.Select(value).Order().ElementAt(copies.Count / 2);

    /// <summary>The target is another new file each time, as an upload's is, and gone before the next.</summary>
    private static async Task<Copy> MeasureAsync(BenchRegistry registry, int megabytes, Func<string, Task> copy)
    {
        var target = registry.Folder[string.Create(CultureInfo.InvariantCulture, $"copy-{Interlocked.Increment(ref _copies)}")];
        await ShellAsync("sync");
        var cpu = registry.Cpu().Registry;
        var start = Stopwatch.GetTimestamp();
        await copy(target);
        var rate = megabytes / Stopwatch.GetElapsedTime(start).TotalSeconds;
        cpu = registry.Cpu().Registry - cpu;
        File.Delete(target);
        return new(rate, cpu / megabytes);
    }

    private static async Task WriteAsync(string file, int megabytes)
    {
        var block = RandomNumberGenerator.GetBytes(1 << 20);
        await using var stream = File.Create(file);
        for (var i = 0; i < megabytes; i++)
        {
            BitConverter.TryWriteBytes(block, i);
            await stream.WriteAsync(block);
        }
    }

    private static async Task ShellAsync(string command)
    {
        using var shell = Process.Start("sh", ["-c", command]);
        await shell.WaitForExitAsync();
        if (shell.ExitCode != 0)
        {
            throw new InvalidOperationException(command);
        }
    }

    /// <param name="Cpu">Milliseconds of the registry's processor time a MiB.</param>
    private sealed record Copy(double MegabytesPerSecond, double Cpu);
}

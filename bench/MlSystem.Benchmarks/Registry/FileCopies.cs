using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace MlSystem.Benchmarks.Registry;

/// <summary>
/// Artifacts up and down, file to file over HTTP, against <c>cp</c> on the same disk; by turns, the median of five each. The registry makes
/// an upload durable before it answers, so <c>cp</c> is followed by <c>sync</c> of its file there.
/// </summary>
internal static class FileCopies
{
    private const int Rounds = 5;
    private const double Target = 0.7;
    private const string Artifact = "/api/2.0/mlflow-artifacts/artifacts/bench/file";
    private static int _copies;

    public static async Task<string> RunAsync(BenchRegistry registry, int megabytes)
    {
        var source = registry.Folder["source.bin"];
        var copies = new Dictionary<string, Func<string, Task>>(StringComparer.Ordinal)
        {
            ["upload"] = _ => UploadAsync(registry.Http, source),
            ["cp and sync"] = target => ShellAsync($"cp '{source}' '{target}' && sync '{target}'"),
            ["download"] = target => DownloadAsync(registry.Http, target, durable: false),
            ["cp"] = target => ShellAsync($"cp '{source}' '{target}'"),
            ["download and sync"] = target => DownloadAsync(registry.Http, target, durable: true),
        };
        var rates = copies.Keys.ToDictionary(name => name, _ => new List<Copy>(), StringComparer.Ordinal);
        for (var round = 0; round < Rounds; round++)
        {
            // New content each round: a blob that is there already needs no place on the disk.
            await WriteAsync(source, megabytes);
            foreach (var (name, copy) in copies)
            {
                rates[name].Add(await MeasureAsync(registry, megabytes, copy));
            }
        }

        var table = new StringBuilder(string.Create(CultureInfo.InvariantCulture, $"""

            | {megabytes} MiB | MiB/s | registry CPU, ms/MiB | baseline | MiB/s | ratio | target |
            |---|---|---|---|---|---|---|

            """));
        return table.AppendLine(Row("upload", "cp and sync")).AppendLine(Row("download", "cp")).AppendLine(Row("download and sync", "cp and sync")).ToString();

        string Row(string name, string baseline)
        {
            var (rate, other) = (Median(rates[name], c => c.MegabytesPerSecond), Median(rates[baseline], c => c.MegabytesPerSecond));
            return string.Create(
                CultureInfo.InvariantCulture,
                $"| {name} | {rate:F0} | {Median(rates[name], c => c.Cpu):F2} | {baseline} | {other:F0} | {rate / other:F2} | ≥ {Target} {(rate / other >= Target ? "met" : "missed")} |");
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

    private static async Task UploadAsync(HttpClient http, string source)
    {
        await using var file = new FileStream(source, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        using var content = new StreamContent(file, 1 << 18);
        using var answer = await http.PutAsync(Artifact, content);
        answer.EnsureSuccessStatusCode();
    }

    private static async Task DownloadAsync(HttpClient http, string target, bool durable)
    {
        await using var stream = await http.GetStreamAsync(Artifact);
        await using var file = new FileStream(target, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        await stream.CopyToAsync(file, 1 << 18);
        if (durable)
        {
            RandomAccess.FlushToDisk(file.SafeFileHandle);
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

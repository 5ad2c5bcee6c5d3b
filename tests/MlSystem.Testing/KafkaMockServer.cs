using System.Diagnostics;
using System.Globalization;

namespace MlSystem.Testing;

/// <summary>
/// librdkafka's mock broker in a process of its own. It makes topics at their first use (4 partitions) and cannot look up by
/// time, administer topics, isolate transactions, fence or rebalance cooperatively.
/// </summary>
public sealed class KafkaMockServer : IAsyncDisposable
{
    private readonly Process _process;

    private KafkaMockServer(Process process, string bootstrapServers) => (_process, BootstrapServers) = (process, bootstrapServers);

    /// <summary>Bootstrap servers, in the form that Aspire injects as <c>ConnectionStrings:kafka</c>.</summary>
    public string BootstrapServers { get; }

    public static async Task<KafkaMockServer> StartAsync()
    {
        var process = Process.Start(new ProcessStartInfo(Executable())
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        var line = await process.StandardOutput.ReadLineAsync();
        return line?.Split(' ') is ["bootstrap", var servers]
            ? new KafkaMockServer(process, servers)
            : throw new InvalidOperationException($"The mock broker said '{line}' instead of its address.");
    }

    public Task CreateTopicAsync(string name, int partitions) =>
        CommandAsync(string.Create(CultureInfo.InvariantCulture, $"topic {name} {partitions}"));

    /// <summary>Drops all connections and takes none; what was stored stays.</summary>
    public Task SetDownAsync() => CommandAsync("down");

    public Task SetUpAsync() => CommandAsync("up");

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        try
        {
            await _process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill();
        }

        _process.Dispose();
    }

    private async Task CommandAsync(string command)
    {
        await _process.StandardInput.WriteLineAsync(command);
        await _process.StandardInput.FlushAsync();
        if (await _process.StandardOutput.ReadLineAsync() is not "ok" and var answer)
        {
            throw new InvalidOperationException($"The mock broker answered '{answer}' to '{command}'.");
        }
    }

    /// <summary>Built beside the tests, in the same configuration.</summary>
    private static string Executable()
    {
        var output = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        var file = Path.Combine(Golden.RepositoryRoot(), "tests", "MlSystem.KafkaMock", "bin", output.Parent!.Name, output.Name, "MlSystem.KafkaMock");
        return OperatingSystem.IsWindows() ? file + ".exe" : file;
    }
}

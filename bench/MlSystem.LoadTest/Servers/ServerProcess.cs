using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;

namespace MlSystem.LoadTest.Servers;

/// <summary>A server as a child process.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Stopwatch _sinceStart = Stopwatch.StartNew();

    private ServerProcess(Process process) => _process = process;

    /// <summary>Resident memory in MiB, as the kernel counts it.</summary>
    public double ResidentMiB
    {
        get
        {
            var line = File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{_process.Id}/status")).First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
            return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
        }
    }

    /// <summary>Processor time of all its threads so far.</summary>
    public TimeSpan CpuTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    public static ServerProcess Start(string folder, string file, params string[] arguments)
    {
        var start = new ProcessStartInfo(file, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder };
        var process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, line) => Console.Error.WriteLine(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return new ServerProcess(process);
    }

    /// <summary>A service of the solution, built beside this program in the same configuration.</summary>
    public static ServerProcess StartService(string folder, string project, params string[] arguments)
    {
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(root.FullName, "MlSystem.sln")))
        {
            root = root.Parent ?? throw new InvalidOperationException("This program does not run from its build folder.");
        }

        var build = Path.GetRelativePath(Path.Combine(root.FullName, "bench", "MlSystem.LoadTest"), AppContext.BaseDirectory);
        return Start(folder, "dotnet", ["exec", Path.Combine(root.FullName, project, build, project + ".dll"), .. arguments]);
    }

    /// <summary>Asks until the server answers as expected.</summary>
    /// <returns>Time since the process was started.</returns>
    public async Task<TimeSpan> WaitAsync(Func<Task<HttpResponseMessage>> ask)
    {
        while (_sinceStart.Elapsed < TimeSpan.FromMinutes(2))
        {
            try
            {
                using var answer = await ask();
                if (answer.IsSuccessStatusCode)
                {
                    return _sinceStart.Elapsed;
                }
            }
            catch (Exception error) when (error is HttpRequestException or SocketException)
            {
                // Not listening yet; the deadline above bounds the wait.
            }

            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, CancellationToken.None);
        }

        throw new TimeoutException($"{string.Join(' ', _process.StartInfo.ArgumentList)} did not answer within two minutes.");
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}

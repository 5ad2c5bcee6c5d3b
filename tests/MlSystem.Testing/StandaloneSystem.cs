using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace MlSystem.Testing;

/// <summary>The standalone host as a real process, with its ports moved to a free block and a data directory of its own. Linux only: it reads <c>/proc</c>.</summary>
public sealed class StandaloneSystem : IAsyncDisposable
{
    private const string Mark = "MLSYSTEM_TEST_RUN";
    private static readonly int[] Ports = [8080, 8081, 8082, 8083, 8084, 6566, 6567, 6568, 8086, 8087];
    private static int _blocks;
    private readonly ConcurrentQueue<string> _output = new();
    private readonly ConcurrentQueue<string> _errors = new();
    private readonly Process _process;
    private readonly string _mark;

    private StandaloneSystem(Process process, string data, int offset) => (_process, Data, PortOffset, _mark) = (process, data, offset, $"{Mark}={process.StartInfo.Environment[Mark]}\0");

    /// <summary>Why it can't be tested here, or null.</summary>
    public static string? Missing { get; } = OperatingSystem.IsLinux() ? null : "The tests of the standalone host read /proc";

    /// <summary>The host that was built with the tests.</summary>
    public static string HostProgram { get; } = FindHostProgram();

    public string Data { get; }

    public int PortOffset { get; }

    public Uri Gateway => Url(8080);

    /// <summary>Standard output so far.</summary>
    public IReadOnlyCollection<string> Output => _output;

    /// <summary>Standard error so far.</summary>
    public IReadOnlyCollection<string> Errors => _errors;

    /// <summary>Starts the host that was built with the tests.</summary>
    /// <param name="offset">Of the ports; null looks for a free block.</param>
    public static StandaloneSystem Start(string data, int? offset = null, IEnumerable<string>? arguments = null, IReadOnlyDictionary<string, string>? environment = null)
    {
        var block = offset ?? FreeBlock();

        // Shells let background jobs ignore SIGINT, and whatever these start: a test of Ctrl-C must not depend on how the tests were started.
        var start = new ProcessStartInfo("env", ["--default-signal=INT", "dotnet", "exec", HostProgram, "--data", data, "--port-offset", block.ToString(CultureInfo.InvariantCulture), .. arguments ?? []])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        start.Environment[Mark] = Guid.CreateVersion7().ToString();
        var system = new StandaloneSystem(new Process { StartInfo = start }, data, block);
        system._process.OutputDataReceived += (_, line) => Keep(system._output, line.Data);
        system._process.ErrorDataReceived += (_, line) => Keep(system._errors, line.Data);
        system._process.Start();
        system._process.BeginOutputReadLine();
        system._process.BeginErrorReadLine();
        return system;
    }

    /// <summary>A port offset at which every port of the system is free; a different one at each call, because ports are taken only a moment later.</summary>
    public static int FreeBlock()
    {
        while (true)
        {
            // Blocks of 10 up to 32,000: below the ports that the system hands out to clients.
            var offset = 1000 + (Environment.ProcessId * 37 + Interlocked.Increment(ref _blocks)) % 2200 * 10;
            if (Array.TrueForAll(Ports, port => IsFree(port + offset)))
            {
                return offset;
            }
        }
    }

    public Uri Url(int standalonePort) => new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{standalonePort + PortOffset}"));

    /// <summary>Waits until the host says that everything is ready.</summary>
    public Task WaitReadyAsync(TimeSpan timeout) => WaitForLineAsync("Z ready in ", timeout);

    /// <summary>Waits for a line of the merged log that contains a text.</summary>
    public async Task<string> WaitForLineAsync(string text, TimeSpan timeout)
    {
        using var deadline = new CancellationTokenSource(timeout);
        while (true)
        {
            if (_output.FirstOrDefault(line => line.Contains(text, StringComparison.Ordinal)) is { } found)
            {
                return found;
            }

            if (_process.HasExited || deadline.IsCancellationRequested)
            {
                throw new InvalidOperationException($"The host {(_process.HasExited ? $"exited with {_process.ExitCode}" : "went on")} without '{text}':\n{LastLines()}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, CancellationToken.None);
        }
    }

    /// <summary>Sends a signal (<c>INT</c>, <c>TERM</c>, <c>KILL</c>) to the host alone.</summary>
    public Task SignalAsync(string signal) => SignalAsync(signal, _process.Id);

    public static async Task SignalAsync(string signal, int process)
    {
        using var kill = Process.Start("kill", ["-" + signal, process.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
    }

    /// <summary>Waits for the end of the host and returns its exit code.</summary>
    /// <exception cref="InvalidOperationException">It goes on after the time; the message carries its last lines.</exception>
    public async Task<int> ExitAsync(TimeSpan timeout)
    {
        using var deadline = new CancellationTokenSource(timeout);
        try
        {
            await _process.WaitForExitAsync(deadline.Token);
        }
        catch (OperationCanceledException late)
        {
            throw new InvalidOperationException($"The host went on for {timeout.TotalSeconds:0} s with the services {string.Join(", ", Children().Select(CommandLine))}:\n{LastLines()}", late);
        }

        return _process.ExitCode;
    }

    /// <summary>Waits for the end of the host, which must be a proper one.</summary>
    /// <exception cref="InvalidOperationException">It goes on after the time or ended otherwise; the message carries its last lines.</exception>
    public async Task ExitsWellAsync(TimeSpan timeout)
    {
        if (await ExitAsync(timeout) is var code and not 0)
        {
            throw new InvalidOperationException($"The host exited with {code}:\n{LastLines()}");
        }
    }

    /// <summary>Every process that inherited this run's mark: the services and whatever they started.</summary>
    public IReadOnlyList<int> Children()
    {
        return [.. Directory.EnumerateDirectories("/proc")
            .Where(folder => int.TryParse(Path.GetFileName(folder), out _) && Read(Path.Combine(folder, "environ")).Contains(_mark, StringComparison.Ordinal))
            .Select(folder => int.Parse(Path.GetFileName(folder), CultureInfo.InvariantCulture))
            .Where(id => id != _process.Id)];
    }

    /// <summary>The process of one service, or null while there is none.</summary>
    public int? Child(string program) =>
        Children().Where(id => Read($"/proc/{id}/cmdline").Contains($"{program}.dll", StringComparison.Ordinal)).Select(id => (int?)id).FirstOrDefault();

    /// <summary>Waits until no child is left; false when some still are after the time.</summary>
    public async Task<bool> AllGoneAsync(TimeSpan timeout)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (Children().Count > 0)
        {
            if (TimeProvider.System.GetElapsedTime(start) > timeout)
            {
                return false;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, CancellationToken.None);
        }

        return true;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await SignalAsync("KILL");
        }

        await _process.WaitForExitAsync();
        foreach (var child in Children())
        {
            await SignalAsync("KILL", child);
        }

        _process.Dispose();
    }

    private string LastLines() => string.Join('\n', _output.TakeLast(60).Concat(_errors.TakeLast(60)));

    private static string CommandLine(int id) => Read($"/proc/{id}/cmdline").Replace('\0', ' ').Trim();

    private static string FindHostProgram()
    {
        // <root>/tests/<project>/bin/<configuration>/<framework>/
        var output = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        var root = output.Parent!.Parent!.Parent!.Parent!.Parent!.FullName;
        return Path.Combine(root, "MlSystem.AppHost", "bin", output.Parent!.Name, output.Name, "MlSystem.AppHost.dll");
    }

    private static bool IsFree(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static string Read(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The process ended between the listing and the reading, or belongs to somebody else.
            return "";
        }
    }

    private static void Keep(ConcurrentQueue<string> lines, string? line)
    {
        if (line is not null)
        {
            lines.Enqueue(line);
        }
    }
}

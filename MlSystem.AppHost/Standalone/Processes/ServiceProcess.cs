using System.Diagnostics;

namespace MlSystem.AppHost.Standalone.Processes;

/// <summary>
/// One running child. It holds the read end of a pipe whose only write end is the host's: when the host closes it or
/// dies, however, the child reads the end of its standard input and stops by itself.
/// </summary>
internal sealed class ServiceProcess : IDisposable
{
    private readonly Process _process;
    private readonly TimeProvider _time;
    private volatile string? _lastErrorLine;

    private ServiceProcess(Process process, Action<string> line, TimeProvider time)
    {
        _process = process;
        _time = time;
        Exited = WaitAsync(PumpAsync(process.StandardOutput, line), PumpAsync(process.StandardError, text =>
        {
            if (text.Length > 0)
            {
                _lastErrorLine = text;
            }

            line(text);
        }));
    }

    public int Id => _process.Id;

    /// <summary>Completes with the exit code once the process is gone and its output is read.</summary>
    public Task<int> Exited { get; }

    /// <summary>The last line on its standard error that is not empty.</summary>
    public string? LastErrorLine => _lastErrorLine;

    /// <summary>Starts a service's program.</summary>
    /// <param name="line">Gets every line of its output.</param>
    public static ServiceProcess Start(string program, IReadOnlyDictionary<string, string> environment, Action<string> line, TimeProvider time)
    {
        var start = new ProcessStartInfo(ServicePrograms.DotnetHost(), ["exec", program])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetDirectoryName(program),
        };
        foreach (var name in start.Environment.Keys.Where(ServiceEnvironment.IsOwned).ToList())
        {
            start.Environment.Remove(name);
        }

        foreach (var (name, value) in ServiceEnvironment.LogDefaults)
        {
            start.Environment.TryAdd(name, value);
        }

        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return new ServiceProcess(Process.Start(start)!, line, time);
    }

    /// <summary>Asks the child to drain and stop; kills it, and what it started, when it is still there after <paramref name="grace"/> or on cancellation.</summary>
    public async Task StopAsync(TimeSpan grace, CancellationToken cancellationToken)
    {
        if (Exited.IsCompleted)
        {
            return;
        }

        try
        {
            if (!Signals.Terminate(_process.Id))
            {
                // Without signals the end of its input is what tells it.
                _process.StandardInput.Close();
            }

            await Exited.WaitAsync(grace, _time, cancellationToken);
        }
        catch (Exception error) when (error is TimeoutException or OperationCanceledException or IOException)
        {
            _process.Kill(entireProcessTree: true);
            await Exited;
        }
    }

    public void Dispose() => _process.Dispose();

    private async Task<int> WaitAsync(Task output, Task errors)
    {
        await _process.WaitForExitAsync();

        // A process that the child started may hold the pipes open: what is written after a second is not waited for.
        await Task.WhenAny(Task.WhenAll(output, errors), Task.Delay(TimeSpan.FromSeconds(1), _time, CancellationToken.None));
        return _process.ExitCode;
    }

    private static async Task PumpAsync(StreamReader reader, Action<string> line)
    {
        while (await reader.ReadLineAsync() is { } text)
        {
            line(text);
        }
    }
}

using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using MlSystem.Training.Pipelines;
using MlSystem.Training.Runs.Logs;
using MlSystem.Training.Steps;

namespace MlSystem.Training.Executors;

/// <summary>Runs a step in a child process: its memory is bounded, and ending it ends whatever the step does.</summary>
public sealed class ChildExecutor(IConfiguration configuration, RunLog log, TimeProvider time)
{
    private const long MiB = 1024 * 1024;
    private static readonly string[] Passed = ["services:", "MlSystem:", "Training:", "ConnectionStrings:"];
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(100);

    public async Task<StepFacts> RunAsync(IStep step, StepContext context, ExecutorSpec executor, CancellationToken cancellationToken)
    {
        using var child = Start(executor);
        var errors = new Tail();
        child.ErrorDataReceived += (_, line) => errors.Add(line.Data);
        child.BeginErrorReadLine();
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var watch = WatchAsync(child, executor.MemoryMb, over.Token);
        try
        {
            await SendAsync(child, step, context, cancellationToken);
            var last = await ListenAsync(child, context.Progress, cancellationToken);
            await child.WaitForExitAsync(cancellationToken);
            await over.CancelAsync();
            return Result(last, await watch, child.ExitCode, errors, context, executor);
        }
        finally
        {
            Kill(child);
            await over.CancelAsync();
            await watch;
        }
    }

    private static Process Start(ExecutorSpec executor)
    {
        // The service's own executable where it is one, else its library under dotnet.
        var own = Environment.ProcessPath is { } path && Path.GetFileName(path) is "MlSystem.Training" or "MlSystem.Training.exe" ? path : null;
        var start = new ProcessStartInfo(own ?? "dotnet")
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = AppContext.BaseDirectory,
        };
        if (own is null)
        {
            start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "MlSystem.Training.dll"));
        }

        start.ArgumentList.Add(StepProcess.Command);
        if (executor.MemoryMb is { } memory)
        {
            // Managed memory ends with an exception that names the cause; the rest is watched from here.
            start.Environment["DOTNET_GCHeapHardLimit"] = (memory * MiB).ToString("X", CultureInfo.InvariantCulture);
        }

        if (executor.Cpus is { } cpus)
        {
            start.Environment["DOTNET_PROCESSOR_COUNT"] = ((int)cpus).ToString("X", CultureInfo.InvariantCulture);
        }

        return Process.Start(start) ?? throw new TransientStepException("The child process could not be started.");
    }

    private async Task SendAsync(Process child, IStep step, StepContext context, CancellationToken cancellationToken)
    {
        var request = StepRequest.Of(step, context);
        request.Settings = configuration.AsEnumerable().Where(s => s.Value is not null && Passed.Any(p => s.Key.StartsWith(p, StringComparison.OrdinalIgnoreCase)))
            .ToDictionary(s => s.Key, s => s.Value, StringComparer.OrdinalIgnoreCase);
        try
        {
            await child.StandardInput.WriteLineAsync(JsonSerializer.Serialize(request, StepJson.Default.StepRequest).AsMemory(), cancellationToken);
            await child.StandardInput.FlushAsync(cancellationToken);
        }
        catch (IOException)
        {
            // It is gone already; its exit tells why.
        }
    }

    /// <returns>The last word: done or failed; null when the process ended without one.</returns>
    private async Task<StepMessage?> ListenAsync(Process child, IProgress<double> progress, CancellationToken cancellationToken)
    {
        StepMessage? last = null;
        while (await child.StandardOutput.ReadLineAsync(cancellationToken) is { } line)
        {
            var message = Parse(line);
            if (message is { Progress: { } share })
            {
                progress.Report(share);
            }
            else if (message is { Done: not null } or { Fault: not null })
            {
                last = message;
            }
            else
            {
                log.Write(LogLevel.Information, message?.Log ?? line);
            }
        }

        return last;
    }

    /// <summary>Ends the process when it has more memory than it may.</summary>
    /// <returns>The memory in MiB for which it was ended; null when it was not.</returns>
    private async Task<long?> WatchAsync(Process child, int? limit, CancellationToken cancellationToken)
    {
        try
        {
            while (limit is { } bound && !child.HasExited)
            {
                child.Refresh();
                if (child.WorkingSet64 > bound * MiB)
                {
                    var used = child.WorkingSet64 / MiB;
                    Kill(child);
                    return used;
                }

                await Task.Delay(LookInterval, time, cancellationToken);
            }
        }
        catch (Exception error) when (error is OperationCanceledException or InvalidOperationException or Win32Exception)
        {
            // It ended by itself.
        }

        return null;
    }

    private static StepFacts Result(StepMessage? last, long? killedAt, int exitCode, Tail errors, StepContext context, ExecutorSpec executor)
    {
        if (killedAt is { } used)
        {
            throw new StepFailedException($"its process ran out of memory: it used {used} MiB of {executor.MemoryMb} MiB and was ended");
        }

        foreach (var read in last?.Done?.Read ?? [])
        {
            context.NoteRead(read.Step, read.File);
        }

        return last switch
        {
            { Done: { } done } => done.Facts,
            { Fault: { MayPass: true } fault } => throw new TransientStepException(fault.Message),
            { Fault: { } fault } => throw new StepFailedException(fault.Message + (executor.MemoryMb is { } memory && fault.Message.Contains("memory", StringComparison.Ordinal) ? $" ({memory} MiB)" : "")),
            _ => throw new StepFailedException(string.Create(CultureInfo.InvariantCulture, $"its process ended with code {exitCode} before it was done{Cause(exitCode)}: {errors}")),
        };
    }

    private static string Cause(int exitCode) => exitCode switch
    {
        137 => " (killed, most likely for lack of memory)",
        134 or 139 => " (crashed; with a memory limit most likely for lack of memory)",
        _ => "",
    };

    private static StepMessage? Parse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, StepJson.Default.StepMessage);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static void Kill(Process child)
    {
        try
        {
            child.Kill(entireProcessTree: true);
        }
        catch (Exception error) when (error is InvalidOperationException or Win32Exception)
        {
            // It has ended.
        }
    }

    /// <summary>The last lines of standard error.</summary>
    private sealed class Tail
    {
        private const int Lines = 20;
        private readonly Queue<string> _lines = new();

        public void Add(string? line)
        {
            lock (_lines)
            {
                _lines.Enqueue(line ?? "");
                while (_lines.Count > Lines)
                {
                    _lines.Dequeue();
                }
            }
        }

        public override string ToString()
        {
            lock (_lines)
            {
                return string.Join(' ', _lines).Trim();
            }
        }
    }
}

using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Options;
using MlSystem.Contracts;
using MlSystem.Registry.Artifacts;
using MlSystem.ServiceDefaults.Storage;

namespace MlSystem.Registry.Validation;

/// <summary>Tries a model out in a process of its own: whatever the model does there, the registry lives on.</summary>
internal sealed class ModelCheck(BlobStore blobs, DataDirectory data, IOptions<ValidationOptions> options, TimeProvider time)
{
    private const int MaxOutput = 4000;
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(25);

    /// <summary>Whether the model passed, or why it is refused.</summary>
    public async Task<ProbeVerdict> RunAsync(IReadOnlyList<ManifestFile> files, CancellationToken cancellationToken)
    {
        var folder = Path.Combine(data.Own, "validation", Guid.CreateVersion7(time.GetUtcNow()).ToString("N"));
        try
        {
            foreach (var file in files)
            {
                var target = Path.Combine(folder, file.Path);
                Directory.CreateDirectory(Path.GetDirectoryName(target)!);
                await blobs.LinkAsync(file.Sha256, target, cancellationToken);
            }

            // The reason is told to callers: the folder is nothing of theirs.
            var verdict = await RunProcessAsync(folder, cancellationToken);
            return verdict with { Reason = verdict.Reason?.Replace(folder + Path.DirectorySeparatorChar, "", StringComparison.Ordinal) };
        }
        finally
        {
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }
        }
    }

    private async Task<ProbeVerdict> RunProcessAsync(string folder, CancellationToken cancellationToken)
    {
        using var process = Process.Start(StartInfo(folder)) ?? throw new InvalidOperationException("The validation process did not start.");
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
            var errors = process.StandardError.ReadToEndAsync(cancellationToken);
            if (await WatchAsync(process, cancellationToken) is { } excess)
            {
                return new(false, excess, null);
            }

            return Verdict(process.ExitCode, await output, await errors);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
                await process.WaitForExitAsync(CancellationToken.None);
            }
        }
    }

    /// <summary>Waits for the end; says which bound was exceeded first.</summary>
    private async Task<string?> WatchAsync(Process process, CancellationToken cancellationToken)
    {
        var (seconds, megabytes) = (options.Value.TimeoutSeconds, options.Value.MaxMemoryMb);
        var end = process.WaitForExitAsync(cancellationToken);
        for (var started = time.GetTimestamp(); ;)
        {
            if (await Task.WhenAny(end, Task.Delay(LookInterval, time, cancellationToken)) == end)
            {
                await end;
                return null;
            }

            cancellationToken.ThrowIfCancellationRequested();
            process.Refresh();
            if (!process.HasExited && process.WorkingSet64 > megabytes * 1024L * 1024)
            {
                return string.Create(CultureInfo.InvariantCulture, $"the validation needed more than {megabytes} MiB of memory (Registry:Validation:MaxMemoryMb)");
            }

            if (time.GetElapsedTime(started).TotalSeconds > seconds)
            {
                return string.Create(CultureInfo.InvariantCulture, $"the validation took longer than {seconds} s (Registry:Validation:TimeoutSeconds)");
            }
        }
    }

    private ProcessStartInfo StartInfo(string folder)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var program = typeof(ModelCheck).Assembly.Location;
        var suffix = OperatingSystem.IsWindows() ? ".exe" : "";
        var host = Path.GetFileName(Environment.ProcessPath!);
        if (host != Path.GetFileNameWithoutExtension(program) + suffix)
        {
            // Started through `dotnet` or inside a test host: the registry's own assembly runs under dotnet.
            start.FileName = host == "dotnet" + suffix ? Environment.ProcessPath! : "dotnet";
            start.ArgumentList.Add(program);
        }

        start.ArgumentList.Add(ModelProbe.Command);
        start.ArgumentList.Add(folder);
        start.Environment["DOTNET_GCHeapHardLimit"] = (options.Value.MaxMemoryMb * 1024L * 1024).ToString("x", CultureInfo.InvariantCulture);
        start.Environment["DOTNET_TieredPGO"] = "0";
        start.Environment.Remove("OTEL_EXPORTER_OTLP_ENDPOINT");
        return start;
    }

    private static ProbeVerdict Verdict(int exitCode, string output, string errors)
    {
        var line = output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault(l => l.StartsWith('{'));
        if (exitCode == 0 && line is not null)
        {
            var verdict = JsonSerializer.Deserialize(line, ValidationJson.Default.ProbeVerdict);
            return verdict is { Servable: true } ? verdict : new(false, verdict?.Reason ?? "the validation gave no reason", null);
        }

        var last = errors.Length > MaxOutput ? errors[^MaxOutput..] : errors;
        return new(false, string.Create(CultureInfo.InvariantCulture, $"the validation process ended with exit code {exitCode}: {last.Trim()}"), null);
    }
}

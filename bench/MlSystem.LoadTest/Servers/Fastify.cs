using System.Diagnostics;
using System.Globalization;

namespace MlSystem.LoadTest.Servers;

/// <summary>Fastify with onnxruntime-node, installed from npm into a folder that is kept for the next run.</summary>
internal static class Fastify
{
    private static readonly string Folder = Path.Combine(Path.GetTempPath(), "mlsystem-load-fastify");

    /// <summary>Null, with the reason on standard error, when npm can't install it.</summary>
    public static async Task<ServerProcess?> StartAsync(int port, string data)
    {
        if (!File.Exists(Path.Combine(Folder, "node_modules", "onnxruntime-node", "package.json")) && !await InstallAsync())
        {
            return null;
        }

        foreach (var model in LoadedModel.All)
        {
            await File.WriteAllBytesAsync(Path.Combine(data, model.Name + ".onnx"), model.Onnx);
        }

        return ServerProcess.Start(Folder, "node", Path.Combine(AppContext.BaseDirectory, "fastify.mjs"), port.ToString(CultureInfo.InvariantCulture), data);
    }

    private static async Task<bool> InstallAsync()
    {
        Directory.CreateDirectory(Folder);
        await File.WriteAllTextAsync(Path.Combine(Folder, "package.json"), "{}");
        try
        {
            // The install script of onnxruntime-node fetches GPU libraries only.
            var start = new ProcessStartInfo("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts", "fastify@5", "onnxruntime-node@1.30"])
            {
                UseShellExecute = false,
                WorkingDirectory = Folder,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            using var npm = Process.Start(start)!;
            var output = npm.StandardOutput.ReadToEndAsync();
            var error = await npm.StandardError.ReadToEndAsync();
            await output;
            await npm.WaitForExitAsync();
            if (npm.ExitCode == 0)
            {
                return true;
            }

            await Console.Error.WriteLineAsync($"SKIPPED: Fastify, npm ended with {npm.ExitCode}: {error}");
        }
        catch (System.ComponentModel.Win32Exception error)
        {
            await Console.Error.WriteLineAsync($"SKIPPED: Fastify, npm can't be run: {error.Message}");
        }

        return false;
    }
}

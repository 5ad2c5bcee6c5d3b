using System.Diagnostics;

namespace MlSystem.Testing;

/// <summary>
/// Object stores from npm, installed once a machine into <c>{temp}/mlsystem-npm</c> (or <c>MLSYSTEM_NPM</c>): <c>s3rver</c> and <c>azurite</c>.
/// </summary>
public static class NodeServers
{
    private const string Packages = "s3rver@3.7.1 azurite@3.35.0";
    private static readonly TimeSpan InstallTime = TimeSpan.FromMinutes(5);
    private static readonly SemaphoreSlim Gate = new(1);

    private static string Folder => Environment.GetEnvironmentVariable("MLSYSTEM_NPM") is { Length: > 0 } folder ? folder : Path.Combine(Path.GetTempPath(), "mlsystem-npm");

    /// <summary>The script of a program of the packages, or why there is none here.</summary>
    public static async Task<(string? Script, string? Missing)> FindAsync(string package, string script)
    {
        if (Programs.Find("node") is null || Programs.Find("npm") is null)
        {
            return (null, "Node.js is not installed (Debian packages nodejs and npm)");
        }

        await Gate.WaitAsync();
        try
        {
            var path = Path.Combine(Folder, "node_modules", package, script);
            var problem = File.Exists(path) ? null : await InstallAsync();
            return File.Exists(path) ? (path, null) : (null, $"npm could not install {package}: {problem}");
        }
        finally
        {
            Gate.Release();
        }
    }

    /// <summary>Starts a server and waits until it answers.</summary>
    public static async Task<ServerProcess> StartAsync(string script, IEnumerable<string> arguments, Uri address)
    {
        using var http = new HttpClient();
        var server = ServerProcess.Start(Programs.Find("node")!, [script, .. arguments]);
        await server.WaitUntilAsync(
            async cancellationToken =>
            {
                using var answer = await http.GetAsync(address, cancellationToken);
                return true;
            },
            TimeSpan.FromSeconds(60));
        return server;
    }

    /// <summary>Into a folder of its own, which then gets the name: a second test process sees all or nothing.</summary>
    private static async Task<string?> InstallAsync()
    {
        var temporary = Folder + "-" + Guid.CreateVersion7().ToString("N");
        Directory.CreateDirectory(temporary);
        try
        {
            using var npm = Process.Start(new ProcessStartInfo(Programs.Find("npm")!, $"install --prefix {temporary} --no-audit --no-fund --ignore-scripts {Packages}")
            {
                UseShellExecute = false,
                RedirectStandardError = true,
                RedirectStandardOutput = true,
                WorkingDirectory = temporary,
            })!;
            using var deadline = new CancellationTokenSource(InstallTime);
            var (output, errors) = (npm.StandardOutput.ReadToEndAsync(deadline.Token), npm.StandardError.ReadToEndAsync(deadline.Token));
            await npm.WaitForExitAsync(deadline.Token);
            if (npm.ExitCode != 0)
            {
                return $"{await output}{await errors}".Trim();
            }

            Directory.Move(temporary, Folder);
            return null;
        }
        catch (Exception error) when (error is IOException or OperationCanceledException)
        {
            return error.Message;
        }
        finally
        {
            if (Directory.Exists(temporary))
            {
                Directory.Delete(temporary, recursive: true);
            }
        }
    }
}

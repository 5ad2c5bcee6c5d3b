using System.Diagnostics;
using System.Net;
using MlSystem.Registry.Tests.Support;
using MlSystem.Testing;

namespace MlSystem.Registry.Tests.Reliability;

/// <summary>A registry whose disk is a small tmpfs.</summary>
public sealed class DiskFullTests
{
    private const int DiskMb = 48;

    [Fact]
    public async Task An_upload_that_fills_the_disk_is_refused_and_leaves_nothing()
    {
        using var folder = new TempFolder();
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.UserName == "root", "Mounting a small tmpfs needs Linux and root");
        var refused = await RunAsync("mount", "-t", "tmpfs", "-o", $"size={DiskMb}m", "tmpfs", folder.Path);
        Assert.SkipUnless(refused is null, $"No tmpfs can be mounted here: {refused}");
        try
        {
            using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{FreePort.Next()}") };
            await using var process = await RegistryProcess.StartAsync(http, folder.Path);
            var registry = new RegistryClient(http);
            var before = new DriveInfo(folder.Path).AvailableFreeSpace;
            for (var i = 0; i < 3; i++)
            {
                var answer = (await registry.UploadAsync("full", new byte[before + (8 << 20)])).Refused("RESOURCE_EXHAUSTED", 507);
                Assert.Contains("disk", answer.Body.GetProperty("message").GetString(), StringComparison.OrdinalIgnoreCase);
            }

            Assert.InRange(new DriveInfo(folder.Path).AvailableFreeSpace, before - (4 << 20), long.MaxValue);
            Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync("/api/2.0/mlflow-artifacts/artifacts/full")).StatusCode);
            (await registry.UploadAsync("full", [1, 2, 3])).Ok();
            Assert.Equal([1, 2, 3], await registry.DownloadAsync("full"));
        }
        finally
        {
            await RunAsync("umount", "-l", folder.Path);
        }
    }

    /// <summary>What it says when it fails.</summary>
    private static async Task<string?> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardError = true })!;
        var error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? null : error.Trim();
    }
}

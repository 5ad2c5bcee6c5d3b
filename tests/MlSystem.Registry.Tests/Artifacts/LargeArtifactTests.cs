using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using MlSystem.Registry.Tests.Support;
using MlSystem.Testing;

namespace MlSystem.Registry.Tests.Artifacts;

/// <summary>The size of an artifact is the disk's business, not the memory's.</summary>
public sealed class LargeArtifactTests
{
    private const long Bytes = 2L << 30;
    private const long MaxGrowthBytes = 64 << 20;
    private const string Artifacts = "/api/2.0/mlflow-artifacts/artifacts/";

    [Fact]
    [Trait("Category", "Soak")]
    public async Task Two_gibibytes_go_in_and_out_in_bounded_memory_and_are_stored_once()
    {
        Assert.SkipWhen(Environment.GetEnvironmentVariable("MLSYSTEM_SOAK") is null, "2 GiB up twice and down once: runs when MLSYSTEM_SOAK is set (./test --soak)");
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Reads the resident memory of a process from /proc");
        using var folder = new TempFolder();
        Assert.SkipWhen(new DriveInfo(folder.Path).AvailableFreeSpace < 3 * Bytes, "Needs 6 GiB of free disk space for temporary files");
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{FreePort.Next()}"), Timeout = TimeSpan.FromMinutes(10) };
        await using var process = await RegistryProcess.StartAsync(http, folder.Path);
        var before = Memory(process.Id, "VmRSS");

        var sent = await UploadAsync(http, "large/first");
        var afterUpload = Memory(process.Id, "VmHWM") - before;
        Assert.Equal(sent, await DownloadAsync(http, "large/first"));
        var afterDownload = Memory(process.Id, "VmHWM") - before;
        Assert.Equal(sent, await UploadAsync(http, "large/second"));

        TestContext.Current.SendDiagnosticMessage($"peak resident growth: {afterUpload >> 20} MiB after the upload, {afterDownload >> 20} MiB after the download");
        Assert.InRange(Memory(process.Id, "VmHWM") - before, 0, MaxGrowthBytes);
        var blob = Assert.Single(Directory.GetFiles(folder.Path, "*", SearchOption.AllDirectories), file => new FileInfo(file).Length >= Bytes);
        Assert.Equal((sent, Bytes), (Path.GetFileName(blob), new FileInfo(blob).Length));
    }

    private static async Task<string> UploadAsync(HttpClient http, string path)
    {
        using var content = new Blocks();
        using var answer = await http.PutAsync(Artifacts + path, content);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        return content.Sha256!;
    }

    private static async Task<string> DownloadAsync(HttpClient http, string path)
    {
        await using var stream = await http.GetStreamAsync(Artifacts + path);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(stream));
    }

    /// <summary>A figure of <c>/proc/{id}/status</c>, bytes: VmRSS is resident now, VmHWM was the peak.</summary>
    private static long Memory(int process, string name)
    {
        var line = File.ReadLines($"/proc/{process}/status").Single(line => line.StartsWith(name + ":", StringComparison.Ordinal));
        return long.Parse(line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) << 10;
    }

    /// <summary>Blocks of 1 MiB, no two alike.</summary>
    private sealed class Blocks : HttpContent
    {
        private const int BlockBytes = 1 << 20;

        public Blocks() => Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");

        /// <summary>Of what was sent.</summary>
        public string? Sha256 { get; private set; }

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var block = new byte[BlockBytes];
            new Random(5).NextBytes(block);
            for (var i = 0L; i < Bytes / BlockBytes; i++)
            {
                BitConverter.TryWriteBytes(block, i);
                hash.AppendData(block);
                await stream.WriteAsync(block);
            }

            Sha256 = Convert.ToHexStringLower(hash.GetHashAndReset());
        }

        protected override bool TryComputeLength(out long length)
        {
            length = Bytes;
            return true;
        }
    }
}

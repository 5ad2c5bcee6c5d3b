using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using MlSystem.Registry.Artifacts;
using MlSystem.Registry.Tests.Support;
using MlSystem.ServiceDefaults.Errors;
using MlSystem.Testing;

namespace MlSystem.Registry.Tests.Artifacts;

public sealed class ArtifactTests(RegistryApp app) : IClassFixture<RegistryApp>
{
    [Theory]
    [InlineData("a%2F..%2Fb")]
    [InlineData("a%5C..%5Cb")]
    [InlineData("C:/windows")]
    [InlineData("a//b")]
    [InlineData("a/%E2%80%AEb")]
    [InlineData("a/%01")]
    public async Task A_path_that_could_mislead_is_refused(string path) =>
        (await app.Registry.UploadAsync(path, [1])).Refused("INVALID_PARAMETER_VALUE");

    [Fact]
    public async Task The_same_content_is_stored_once()
    {
        var content = Guid.CreateVersion7().ToByteArray();
        var before = Blobs();
        (await app.Registry.UploadAsync("dedup/a", content)).Ok();
        (await app.Registry.UploadAsync("dedup/b", content)).Ok();
        Assert.Equal(before + 1, Blobs());
        Assert.Equal(content, await app.Registry.DownloadAsync("dedup/b"));
        (await app.Registry.UploadAsync("dedup/a/below-a-file", content)).Refused("INVALID_PARAMETER_VALUE");
        (await app.Registry.UploadAsync("dedup", content)).Refused("INVALID_PARAMETER_VALUE");
    }

    [Fact]
    public async Task A_file_of_many_blocks_comes_back_whole_and_in_parts()
    {
        var content = new byte[1_000_003];
        new Random(5).NextBytes(content);
        (await app.Registry.UploadAsync("blocks/file", content)).Ok();
        Assert.Equal(content, await app.Registry.DownloadAsync("blocks/file"));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/2.0/mlflow-artifacts/artifacts/blocks/file") { Headers = { Range = new(200_000, 700_000) } };
        using var part = await app.Client.SendAsync(request);
        Assert.Equal(content[200_000..700_001], await part.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task An_upload_beyond_the_limit_is_refused_and_leaves_nothing()
    {
        using var folder = new TempFolder();
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{FreePort.Next()}") };
        await using var process = await RegistryProcess.StartAsync(http, folder.Path, ("Registry__Artifacts__MaxUploadBytes", "1000"));
        var small = new RegistryClient(http);
        (await small.UploadAsync("big", new byte[1001])).Refused("REQUEST_LIMIT_EXCEEDED", 413);
        (await small.UploadAsync("fits", new byte[1000])).Ok();
        var files = (await small.NativeAsync("/api/2.0/mlflow-artifacts/artifacts?path=")).Ok().Body.GetProperty("files");
        Assert.Equal("fits", Assert.Single(files.EnumerateArray()).GetProperty("path").GetString());
    }

    [Fact]
    public async Task Files_of_versions_that_were_shortened_or_altered_on_the_disk_are_found()
    {
        var model = await app.Registry.ModelAsync();
        var note = Guid.CreateVersion7().ToByteArray();
        var version = await app.Registry.CreateAsync(model, ("note.txt", note));
        var hash = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(note));
        var file = Path.Combine(app.DataFolder, "registry", "blobs", hash[..2], hash);
        foreach (var (damaged, kind) in new[] { (note[..^1], "truncated"), ([.. note[..^1], (byte)(note[^1] ^ 1)], "altered") })
        {
            await File.WriteAllBytesAsync(file, damaged);
            var report = (await app.Registry.SendAsync(HttpMethod.Post, "/api/artifacts/verify", new { content = true })).Ok().Body;
            var found = Assert.Single(report.GetProperty("problems").EnumerateArray(), p => p.GetProperty("sha256").GetString() == hash);
            Assert.Equal(kind, found.GetProperty("kind").GetString());
            Assert.Equal($"models/{model}/versions/{version}/files/note.txt", Assert.Single(found.GetProperty("versions").EnumerateArray()).GetString());
        }

        await File.WriteAllBytesAsync(file, note[..^1]);
        var lost = await app.Registry.NativeAsync($"/api/models/{model}/versions/{version}/files/note.txt");
        Assert.Equal(410, (int)lost.Status);
        Assert.Contains(hash, lost.Body.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal(400, (int)(await app.Registry.SendAsync(HttpMethod.Post, "/api/artifacts/verify", new { contents = true })).Status);
    }

    [Property(MaxTest = 500, Replay = "1,3")]
    public bool An_accepted_path_never_leaves_its_folder(NonNull<string> path)
    {
        try
        {
            var accepted = ArtifactPath.Checked(path.Get);
            var full = Path.GetFullPath(Path.Combine("/root-of-test", accepted));
            return full == "/root-of-test/" + accepted;
        }
        catch (ErrorAnswerException)
        {
            return true;
        }
    }

    private int Blobs() => Directory.GetFiles(Path.Combine(app.DataFolder, "registry", "blobs"), "*", SearchOption.AllDirectories).Length;
}

using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using MlSystem.Registry.Artifacts;
using MlSystem.Registry.Tests.Support;

namespace MlSystem.Registry.Tests.Artifacts;

public sealed class LocalStoreTests(LocalObjectStore store) : ArtifactStoreContract(store), IClassFixture<LocalObjectStore>;

public sealed class S3StoreTests(S3ObjectStore store) : ArtifactStoreContract(store), IClassFixture<S3ObjectStore>;

public sealed class AzureStoreTests(AzureObjectStore store) : ArtifactStoreContract(store), IClassFixture<AzureObjectStore>;

/// <summary>What holds for artifacts, whichever store keeps them.</summary>
public abstract class ArtifactStoreContract
{
    private const string Artifacts = "/api/2.0/mlflow-artifacts/artifacts/";
    private readonly ObjectStore _store;

    protected ArtifactStoreContract(ObjectStore store)
    {
        Assert.SkipWhen(store.Missing is not null, store.Missing ?? "");
        _store = store;
    }

    private RegistryClient Registry => _store.App.Registry;

    private BlobStore Blobs => _store.App.Services.GetRequiredService<BlobStore>();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(300_000)]
    [InlineData(40_000_000)]
    public async Task Content_comes_back_as_it_went(int size)
    {
        var content = Bytes(size);
        var path = RegistryClient.Unique("file");
        (await Registry.UploadAsync(path, content)).Ok();
        Assert.Equal(Hash(content), Hash(await Registry.DownloadAsync(path)));
        Assert.Contains(await StoredAsync(), b => b == Hash(content));
    }

    [Fact]
    public async Task The_same_content_is_stored_once()
    {
        var content = Bytes(1000);
        var path = RegistryClient.Unique("twice");
        (await Registry.UploadAsync($"{path}/a", content)).Ok();
        (await Registry.UploadAsync($"{path}/b", content)).Ok();
        Assert.Single(await StoredAsync(), b => b == Hash(content));
    }

    [Fact]
    public async Task A_range_and_an_entity_tag_are_understood()
    {
        var content = Bytes(100_000);
        var path = RegistryClient.Unique("range");
        (await Registry.UploadAsync(path, content)).Ok();
        foreach (var (from, to, expected) in new[] { (10L, (long?)19L, content[10..20]), (99_990L, null, content[99_990..]) })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, Artifacts + path) { Headers = { Range = new RangeHeaderValue(from, to) } };
            using var answer = await _store.App.Client.SendAsync(request);
            Assert.Equal(HttpStatusCode.PartialContent, answer.StatusCode);
            Assert.Equal(expected, await answer.Content.ReadAsByteArrayAsync());
        }

        using var known = new HttpRequestMessage(HttpMethod.Get, Artifacts + path) { Headers = { IfNoneMatch = { new EntityTagHeaderValue($"\"{Hash(content)}\"") } } };
        Assert.Equal(HttpStatusCode.NotModified, (await _store.App.Client.SendAsync(known)).StatusCode);
    }

    [Fact]
    public async Task Models_are_validated_and_their_files_served()
    {
        var model = await Registry.ModelAsync();
        foreach (var _ in Enumerable.Range(0, 2))
        {
            var version = await Registry.ServableAsync(model);
            Assert.Equal(TinyModels.Identity(), await _store.App.Client.GetByteArrayAsync($"/api/models/{model}/versions/{version}/files/model.onnx"));
        }
    }

    [Fact]
    public async Task What_nothing_references_is_collected_and_can_come_again()
    {
        var (gone, kept) = (Bytes(2000), Bytes(2000));
        var path = RegistryClient.Unique("gc");
        (await Registry.UploadAsync($"{path}/gone", gone)).Ok();
        (await Registry.UploadAsync($"{path}/kept", kept)).Ok();
        (await Registry.SendAsync(HttpMethod.Delete, $"{Artifacts}{path}/gone")).Ok();

        var dry = (await Registry.SendAsync(HttpMethod.Post, "/api/artifacts/gc", new { dry_run = true })).Ok().Body;
        Assert.Contains(dry.GetProperty("blobs").EnumerateArray(), b => b.GetProperty("sha256").GetString() == Hash(gone) && b.GetProperty("size_bytes").GetInt64() == 2000);
        Assert.Contains(Hash(gone), await StoredAsync());

        var done = (await Registry.SendAsync(HttpMethod.Post, "/api/artifacts/gc")).Ok().Body;
        Assert.True(done.GetProperty("removed").GetInt64() >= 1 && done.GetProperty("bytes").GetInt64() >= 2000, done.ToString());
        var stored = await StoredAsync();
        Assert.DoesNotContain(Hash(gone), stored);
        Assert.Contains(Hash(kept), stored);
        Assert.Equal(kept, await Registry.DownloadAsync($"{path}/kept"));
        Assert.Equal(2000, Assert.Single(await AuditAsync($"action=blob.collected&resource=blobs/{Hash(gone)}")).GetProperty("before").GetProperty("size_bytes").GetInt32());
        Assert.Equal(done.GetProperty("removed").GetInt64(), (await AuditAsync("action=artifacts.collected"))[0].GetProperty("after").GetProperty("removed").GetInt64());

        (await Registry.UploadAsync($"{path}/gone", gone)).Ok();
        Assert.Equal(gone, await Registry.DownloadAsync($"{path}/gone"));
    }

    [Fact]
    public async Task A_blob_that_is_missing_says_so()
    {
        var absent = Hash(Bytes(10));
        await Assert.ThrowsAsync<FileNotFoundException>(async () =>
        {
            await using var stream = Blobs.OpenRead(absent);
            await stream.ReadExactlyAsync(new byte[1]);
        });
        Assert.Null(await Blobs.Backend.SizeAsync(absent, CancellationToken.None));
        await Blobs.Backend.DeleteAsync(absent, CancellationToken.None);
    }

    [Fact]
    public async Task A_referenced_content_that_is_lost_is_told_found_and_healed_by_another_upload()
    {
        var (content, path) = (Bytes(3000), RegistryClient.Unique("lost"));
        (await Registry.UploadAsync($"{path}/file", content)).Ok();
        Assert.DoesNotContain((await VerifiedAsync(new { content = true })).EnumerateArray(), p => p.GetProperty("sha256").GetString() == Hash(content));
        await Blobs.Backend.DeleteAsync(Hash(content), CancellationToken.None);

        var lost = (await Registry.NativeAsync($"{Artifacts}{path}/file")).Refused("DATA_LOSS", 410).Body.GetProperty("message").GetString()!;
        Assert.All([$"{path}/file", Hash(content), "3000 bytes", "/api/artifacts/verify"], part => Assert.Contains(part, lost, StringComparison.Ordinal));
        var found = Assert.Single((await VerifiedAsync(null)).EnumerateArray(), p => p.GetProperty("sha256").GetString() == Hash(content));
        Assert.Equal(("missing", 3000), (found.GetProperty("kind").GetString(), found.GetProperty("size_bytes").GetInt32()));
        Assert.Equal($"{path}/file", Assert.Single(found.GetProperty("artifacts").EnumerateArray()).GetString());

        (await Registry.UploadAsync($"{path}/again", content)).Ok();
        Assert.Equal(content, await Registry.DownloadAsync($"{path}/file"));
        Assert.DoesNotContain((await VerifiedAsync(new { content = true })).EnumerateArray(), p => p.GetProperty("sha256").GetString() == Hash(content));
    }

    private async Task<JsonElement> VerifiedAsync(object? body) => (await Registry.SendAsync(HttpMethod.Post, "/api/artifacts/verify", body)).Ok().Body.GetProperty("problems");

    private async Task<List<JsonElement>> AuditAsync(string filter) =>
        [.. (await Registry.NativeAsync($"/api/audit?{filter}")).Ok().Body.GetProperty("entries").EnumerateArray()];

    private static byte[] Bytes(int size) => RandomNumberGenerator.GetBytes(size);

    private static string Hash(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));

    private async Task<List<string>> StoredAsync()
    {
        var hashes = new List<string>();
        await foreach (var blob in Blobs.Backend.ListAsync(CancellationToken.None))
        {
            hashes.Add(blob.Sha256);
        }

        return hashes;
    }
}

using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;
using MlSystem.Registry.Artifacts.Collection;
using MlSystem.Registry.Artifacts.Stores;
using MlSystem.ServiceDefaults.Storage;

namespace MlSystem.Registry.Artifacts;

/// <summary>
/// Contents by their SHA-256, on the store that <see cref="ArtifactOptions.Store"/> names. An upload goes to a local file while it is hashed,
/// takes its row in the ledger and then the store: the same content is stored once, and the collection of garbage can't come between.
/// </summary>
internal sealed class BlobStore : IDisposable
{
    private const string ContentType = "application/octet-stream";
    private readonly BlobLedger _ledger;
    private readonly IBlobBackend _backend;
    private readonly UploadSpool _spool;
    private readonly RemoteCache? _cache;

    public BlobStore(DataDirectory data, IOptions<ArtifactOptions> options, BlobLedger ledger, TimeProvider time)
    {
        var settings = options.Value;
        _ledger = ledger;
        var folder = Directory.CreateDirectory(settings.Folder ?? Path.Combine(data.Own, "blobs")).FullName;
        _spool = new(Path.Combine(folder, "tmp"), time);
        _backend = settings.Store switch
        {
            ArtifactStoreKind.S3 => new RemoteBlobs(new S3Blobs(settings.S3)),
            ArtifactStoreKind.Azure => new RemoteBlobs(new AzureBlobs(settings.Azure)),
            _ => new LocalBlobs(folder),
        };
        _cache = _backend is LocalBlobs ? null : new(_backend, Path.Combine(folder, "cache"), settings.CacheMb * 1024L * 1024, time);
    }

    /// <summary>The store itself, for the collection of garbage.</summary>
    internal IBlobBackend Backend => _backend;

    /// <summary>Reaches the store and removes what killed processes left.</summary>
    public async Task OpenAsync(CancellationToken cancellationToken)
    {
        await _backend.OpenAsync(cancellationToken);
        _spool.RemoveAbandoned();
    }

    /// <summary>Streams content into the store; when it returns, the blob is durable and protected from collection for a while.</summary>
    public async Task<Blob> WriteAsync(Stream content, CancellationToken cancellationToken)
    {
        await using var upload = await _spool.ReceiveAsync(content, cancellationToken);
        await _ledger.ProtectAsync(upload.Blob, cancellationToken);
        await _backend.PublishAsync(upload.File, upload.Blob, cancellationToken);
        return upload.Blob;
    }

    /// <summary>Read it asynchronously: a remote blob knows no other way.</summary>
    public Stream OpenRead(string sha256) => _backend is LocalBlobs local ? local.OpenRead(sha256) : new RemoteStream(_backend, sha256, length: null);

    /// <summary>Gives a blob a path of its own: a hard link, or a copy where there are none.</summary>
    public Task LinkAsync(string sha256, string target, CancellationToken cancellationToken)
    {
        if (_backend is not LocalBlobs local)
        {
            return _cache!.LinkAsync(sha256, target, cancellationToken);
        }

        DurableFolder.LinkOrCopy(local.PathOf(sha256), target);
        return Task.CompletedTask;
    }

    /// <summary>A blob as an answer, in ranges when asked for; its hash is the entity tag.</summary>
    public IResult Answer(HttpContext context, Blob blob)
    {
        var tag = new EntityTagHeaderValue($"\"{blob.Sha256}\"");
        if (_backend is LocalBlobs local)
        {
            FileSending.Use(context);
            return TypedResults.PhysicalFile(local.PathOf(blob.Sha256), ContentType, enableRangeProcessing: true, entityTag: tag);
        }

        return TypedResults.Stream(new RemoteStream(_backend, blob.Sha256, blob.SizeBytes), ContentType, enableRangeProcessing: true, entityTag: tag);
    }

    public void Dispose() => (_backend as IDisposable)?.Dispose();
}

/// <summary>A stored content: its SHA-256 (64 lower-case hexadecimal digits) and size.</summary>
internal sealed record Blob(string Sha256, long SizeBytes);

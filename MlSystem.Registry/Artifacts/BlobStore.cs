using System.IO.Pipelines;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;
using MlSystem.Registry.Artifacts.Collection;
using MlSystem.Registry.Artifacts.Stores;
using MlSystem.ServiceDefaults.Errors;
using MlSystem.ServiceDefaults.Storage;

namespace MlSystem.Registry.Artifacts;

/// <summary>
/// Contents by their SHA-256, on the store that <see cref="ArtifactOptions.Store"/> names. An upload goes to a local file while it is hashed,
/// takes its row in the ledger and then the store: the same content is stored once, and the collection of garbage can't come between.
/// </summary>
internal sealed partial class BlobStore : IDisposable
{
    private const string ContentType = "application/octet-stream";
    private readonly BlobLedger _ledger;
    private readonly ILogger<BlobStore> _logger;
    private readonly IBlobBackend _backend;
    private readonly UploadSpool _spool;
    private readonly RemoteCache? _cache;

    public BlobStore(DataDirectory data, IOptions<ArtifactOptions> options, BlobLedger ledger, TimeProvider time, ILogger<BlobStore> logger)
    {
        var settings = options.Value;
        _ledger = ledger;
        _logger = logger;
        var folder = Directory.CreateDirectory(settings.Folder ?? Path.Combine(data.Own, "blobs")).FullName;
        _spool = new(Path.Combine(folder, "tmp"), time);
        _backend = settings.Store switch
        {
            ArtifactStoreKind.S3 => new RemoteBlobs(new S3Blobs(settings, time)),
            ArtifactStoreKind.Azure => new RemoteBlobs(new AzureBlobs(settings, time)),
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
    public async Task<Blob> WriteAsync(PipeReader content, CancellationToken cancellationToken)
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
    /// <param name="file">What the caller knows it by, to be told when it is gone.</param>
    public IResult Answer(HttpContext context, Blob blob, string file)
    {
        var tag = new EntityTagHeaderValue($"\"{blob.Sha256}\"");
        if (_backend is LocalBlobs local)
        {
            if (local.Size(blob.Sha256) != blob.SizeBytes)
            {
                throw Lost(blob, file, inner: null);
            }

            FileSending.Use(context);
            return TypedResults.PhysicalFile(local.PathOf(blob.Sha256), ContentType, enableRangeProcessing: true, entityTag: tag);
        }

        return TypedResults.Stream(new RemoteStream(_backend, blob.Sha256, blob.SizeBytes, error => Lost(blob, file, error)), ContentType, enableRangeProcessing: true, entityTag: tag);
    }

    /// <summary>410 and not 5xx, which clients repeat for minutes: it stays so until somebody acts.</summary>
    private ErrorAnswerException Lost(Blob blob, string file, Exception? inner)
    {
        LogLost(file, blob.Sha256, blob.SizeBytes);
        return new(
            new ErrorAnswer(StatusCodes.Status410Gone, "Gone", FormattableString.Invariant(
                $"The content of '{file}' (SHA-256 {blob.Sha256}, {blob.SizeBytes} bytes) is not whole in the store of the artifacts any more. Upload the same file again, under any path: the content is then back for all that has it. Or restore it from a backup of the store. POST /api/artifacts/verify finds everything that is missing.")),
            inner);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The content of {File} (SHA-256 {Sha256}, {Bytes} bytes) is referenced and not whole in the store")]
    private partial void LogLost(string file, string sha256, long bytes);

    public void Dispose() => (_backend as IDisposable)?.Dispose();
}

/// <summary>A stored content: its SHA-256 (64 lower-case hexadecimal digits) and size.</summary>
internal sealed record Blob(string Sha256, long SizeBytes);

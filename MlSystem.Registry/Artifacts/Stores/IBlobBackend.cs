namespace MlSystem.Registry.Artifacts.Stores;

/// <summary>Where contents are kept under their SHA-256. A blob appears whole and durable, or not at all.</summary>
internal interface IBlobBackend
{
    /// <summary>Fails with the reason when the store can't be used.</summary>
    Task OpenAsync(CancellationToken cancellationToken);

    /// <summary>Takes a complete, flushed file over; when it returns, the blob is durable. The file may be gone afterwards.</summary>
    Task PublishAsync(string file, Blob blob, CancellationToken cancellationToken);

    /// <summary>The content from an offset on; a missing blob is a <see cref="FileNotFoundException"/>, here or at the first read.</summary>
    Task<Stream> OpenReadAsync(string sha256, long offset, CancellationToken cancellationToken);

    /// <summary>Bytes; null where there is no such blob.</summary>
    Task<long?> SizeAsync(string sha256, CancellationToken cancellationToken);

    /// <summary>All blobs, in any order.</summary>
    IAsyncEnumerable<StoredBlob> ListAsync(CancellationToken cancellationToken);

    /// <summary>That there is none is no error.</summary>
    Task DeleteAsync(string sha256, CancellationToken cancellationToken);
}

/// <summary>A blob as the store lists it.</summary>
internal sealed record StoredBlob(string Sha256, long SizeBytes, DateTimeOffset ModifiedAt);

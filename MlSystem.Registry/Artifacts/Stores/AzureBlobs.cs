using System.Runtime.CompilerServices;
using Azure;
using Azure.Core.Pipeline;
using Azure.Identity;
using Azure.Storage;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;

namespace MlSystem.Registry.Artifacts.Stores;

/// <summary>Block blobs <c>{prefix}{sha256}</c> of one container. Azure shows a blob only when its list of blocks is committed.</summary>
internal sealed class AzureBlobs(ArtifactOptions artifacts, TimeProvider time) : IBlobBackend
{
    // Two blocks of 8 MiB under way: the client holds each in memory until it is sent.
    private static readonly StorageTransferOptions Transfer = new() { InitialTransferSize = 8 * 1024 * 1024, MaximumTransferSize = 8 * 1024 * 1024, MaximumConcurrency = 2 };

    private readonly AzureBlobOptions _options = artifacts.Azure;
    private readonly BlobContainerClient _container = Container(artifacts.Azure, Settings(artifacts, time));

    public async Task OpenAsync(CancellationToken cancellationToken)
    {
        if (!await _container.ExistsAsync(cancellationToken))
        {
            throw new InvalidOperationException($"There is no container '{_options.Container}' (Registry:Artifacts:Azure:Container).");
        }
    }

    public async Task PublishAsync(string file, Blob blob, CancellationToken cancellationToken)
    {
        if (await SizeAsync(blob.Sha256, cancellationToken) != blob.SizeBytes)
        {
            await Client(blob.Sha256).UploadAsync(file, new BlobUploadOptions { TransferOptions = Transfer }, cancellationToken);
        }
    }

    public async Task<Stream> OpenReadAsync(string sha256, long offset, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await Client(sha256).DownloadStreamingAsync(new BlobDownloadOptions { Range = offset == 0 ? default : new HttpRange(offset) }, cancellationToken);
            return answer.Value.Content;
        }
        catch (RequestFailedException error) when (IsMissing(error))
        {
            throw BlobNames.Missing(sha256, error);
        }
    }

    public async Task<long?> SizeAsync(string sha256, CancellationToken cancellationToken)
    {
        try
        {
            return (await Client(sha256).GetPropertiesAsync(cancellationToken: cancellationToken)).Value.ContentLength;
        }
        catch (RequestFailedException error) when (IsMissing(error))
        {
            return null;
        }
    }

    public async IAsyncEnumerable<StoredBlob> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var item in _container.GetBlobsAsync(new GetBlobsOptions { Prefix = _options.Prefix }, cancellationToken))
        {
            if (BlobNames.Hash(item.Name, _options.Prefix.Length) is { } hash)
            {
                yield return new(hash, item.Properties.ContentLength ?? 0, item.Properties.LastModified ?? DateTimeOffset.MaxValue);
            }
        }
    }

    public Task DeleteAsync(string sha256, CancellationToken cancellationToken) => Client(sha256).DeleteIfExistsAsync(cancellationToken: cancellationToken);

    // The client's own defaults try six times and wait up to minutes between: callers hear of a store that is away within seconds.
    private static BlobClientOptions Settings(ArtifactOptions artifacts, TimeProvider time) => new()
    {
        Retry = { MaxRetries = 3, Delay = TimeSpan.FromMilliseconds(200), MaxDelay = TimeSpan.FromSeconds(2), NetworkTimeout = Timeout.InfiniteTimeSpan },
        Transport = new HttpClientTransport(StorePatience.Client(artifacts, time)),
    };

    private static BlobContainerClient Container(AzureBlobOptions options, BlobClientOptions settings) => (string.IsNullOrEmpty(options.ConnectionString)
        ? new BlobServiceClient(new Uri(options.Endpoint!), new DefaultAzureCredential(), settings)
        : new BlobServiceClient(options.ConnectionString, settings)).GetBlobContainerClient(options.Container);

    /// <summary>The blob: a container that is missing is a failure of the store.</summary>
    private static bool IsMissing(RequestFailedException error) => error.Status == StatusCodes.Status404NotFound && error.ErrorCode != BlobErrorCode.ContainerNotFound;

    private BlobClient Client(string sha256) => _container.GetBlobClient(_options.Prefix + sha256);
}

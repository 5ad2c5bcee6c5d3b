using System.Net;
using System.Runtime.CompilerServices;
using Amazon;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;

namespace MlSystem.Registry.Artifacts.Stores;

/// <summary>Objects <c>{prefix}{sha256}</c> of one bucket, on AWS or a server that speaks its protocol. S3 shows an object only when it is complete.</summary>
internal sealed class S3Blobs : IBlobBackend, IDisposable
{
    private readonly S3Options _options;
    private readonly AmazonS3Client _client;

    public S3Blobs(ArtifactOptions artifacts, TimeProvider time)
    {
        var options = artifacts.S3;
        _options = options;
        var config = new AmazonS3Config
        {
            ForcePathStyle = options.PathStyle,
            HttpClientFactory = new PatientClients(artifacts, time),
            // Content is checked by its own SHA-256; not every server knows AWS's newer checksums.
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
        };
        if (options.Endpoint is not null)
        {
            config.ServiceURL = options.Endpoint;
            config.AuthenticationRegion = options.Region ?? "us-east-1";
        }
        else if (options.Region is not null)
        {
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(options.Region);
        }

        _client = string.IsNullOrEmpty(options.AccessKey) ? new(config) : new(new BasicAWSCredentials(options.AccessKey, options.SecretKey), config);
    }

    public Task OpenAsync(CancellationToken cancellationToken) =>
        _client.ListObjectsV2Async(new() { BucketName = _options.Bucket, Prefix = _options.Prefix, MaxKeys = 1 }, cancellationToken);

    public async Task PublishAsync(string file, Blob blob, CancellationToken cancellationToken)
    {
        if (await SizeAsync(blob.Sha256, cancellationToken) != blob.SizeBytes)
        {
            await S3Upload.SendAsync(_client, _options.Bucket!, Key(blob.Sha256), file, blob.SizeBytes, cancellationToken);
        }
    }

    public async Task<Stream> OpenReadAsync(string sha256, long offset, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await _client.GetObjectAsync(
                new GetObjectRequest { BucketName = _options.Bucket, Key = Key(sha256), ByteRange = offset == 0 ? null : new ByteRange($"bytes={offset}-") }, cancellationToken);
            return answer.ResponseStream;
        }
        catch (AmazonS3Exception error) when (IsMissing(error))
        {
            throw BlobNames.Missing(sha256, error);
        }
    }

    public async Task<long?> SizeAsync(string sha256, CancellationToken cancellationToken)
    {
        try
        {
            return (await _client.GetObjectMetadataAsync(_options.Bucket, Key(sha256), cancellationToken)).ContentLength;
        }
        catch (AmazonS3Exception error) when (IsMissing(error))
        {
            return null;
        }
    }

    public async IAsyncEnumerable<StoredBlob> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? next = null;
        do
        {
            var page = await _client.ListObjectsV2Async(new() { BucketName = _options.Bucket, Prefix = _options.Prefix, ContinuationToken = next }, cancellationToken);
            foreach (var item in page.S3Objects ?? [])
            {
                if (BlobNames.Hash(item.Key, _options.Prefix.Length) is { } hash)
                {
                    yield return new(hash, item.Size ?? 0, item.LastModified is { } at ? new(at.ToUniversalTime()) : DateTimeOffset.MaxValue);
                }
            }

            next = page.IsTruncated == true ? page.NextContinuationToken : null;
        }
        while (next is not null);
    }

    public Task DeleteAsync(string sha256, CancellationToken cancellationToken) => _client.DeleteObjectAsync(_options.Bucket, Key(sha256), cancellationToken);

    public void Dispose() => _client.Dispose();

    /// <summary>The object: a bucket that is missing is a failure of the store.</summary>
    private static bool IsMissing(AmazonS3Exception error) => error.StatusCode == HttpStatusCode.NotFound && error.ErrorCode != "NoSuchBucket";

    private string Key(string sha256) => _options.Prefix + sha256;

    private sealed class PatientClients(ArtifactOptions artifacts, TimeProvider time) : Amazon.Runtime.HttpClientFactory
    {
        public override HttpClient CreateHttpClient(IClientConfig clientConfig) => StorePatience.Client(artifacts, time);
    }
}

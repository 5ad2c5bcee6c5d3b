using Amazon.S3;
using Amazon.S3.Model;

namespace MlSystem.Registry.Artifacts.Stores;

/// <summary>Sends a file to S3: in one request, or a large one in parts.</summary>
internal static class S3Upload
{
    // S3 takes at most 10,000 parts, each of at least 5 MiB.
    private const long MinPartBytes = 16 * 1024 * 1024;
    private const int MaxParts = 10_000;
    private const int ParallelParts = 4;

    public static async Task SendAsync(AmazonS3Client client, string bucket, string key, string file, long bytes, CancellationToken cancellationToken)
    {
        if (bytes > MinPartBytes)
        {
            await SendPartsAsync(client, bucket, key, file, bytes, cancellationToken);
            return;
        }

        // Signed as a whole: servers other than AWS are found to store the framing of a chunked body as content.
        await client.PutObjectAsync(new PutObjectRequest { BucketName = bucket, Key = key, FilePath = file, UseChunkEncoding = false }, cancellationToken);
    }

    private static async Task SendPartsAsync(AmazonS3Client client, string bucket, string key, string file, long bytes, CancellationToken cancellationToken)
    {
        var size = Math.Max(MinPartBytes, ((bytes - 1) / MaxParts) + 1);
        var tags = new PartETag[(int)(((bytes - 1) / size) + 1)];
        var upload = (await client.InitiateMultipartUploadAsync(new InitiateMultipartUploadRequest { BucketName = bucket, Key = key }, cancellationToken)).UploadId;
        try
        {
            await Parallel.ForAsync(0, tags.Length, new ParallelOptions { MaxDegreeOfParallelism = ParallelParts, CancellationToken = cancellationToken }, async (part, cancel) =>
            {
                var answer = await client.UploadPartAsync(
                    new UploadPartRequest
                    {
                        BucketName = bucket,
                        Key = key,
                        UploadId = upload,
                        PartNumber = part + 1,
                        FilePath = file,
                        FilePosition = part * size,
                        PartSize = Math.Min(size, bytes - (part * size)),
                        UseChunkEncoding = false,
                    },
                    cancel);
                tags[part] = new(part + 1, answer.ETag);
            });
            await client.CompleteMultipartUploadAsync(new CompleteMultipartUploadRequest { BucketName = bucket, Key = key, UploadId = upload, PartETags = [.. tags] }, cancellationToken);
        }
        catch
        {
            await client.AbortMultipartUploadAsync(new AbortMultipartUploadRequest { BucketName = bucket, Key = key, UploadId = upload }, CancellationToken.None);
            throw;
        }
    }
}

using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using Microsoft.Extensions.Options;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Feast;

namespace MlSystem.FeatureStore.Online;

/// <summary>Receives the requests of <c>POST /get-online-features</c>: the usual ones from the connection's own memory, all others through a document.</summary>
public sealed class OnlineRequests(PlainOnlineRequest plain, CatalogStore catalog, IOptions<FeatureStoreOptions> options)
{
    /// <summary>Larger bodies are not kept in the connection's buffers, whose bound is not far above.</summary>
    private const int MaxPlainBytes = 512 * 1024;

    private readonly int _maxEntities = options.Value.MaxOnlineEntities;
    private readonly int _maxPlainBytes = Math.Min(MaxPlainBytes, options.Value.MaxJsonBytes);

    /// <summary>Whether a body of this length may be read from the connection's memory.</summary>
    public bool IsPlain(long? length) => length <= _maxPlainBytes;

    /// <summary>Takes a request in the usual form.</summary>
    /// <returns>Null: it has another form, or there is something wrong with it; nothing of the body is consumed then.</returns>
    public async ValueTask<OnlineRequest?> TryReadAsync(HttpContext http, CancellationToken cancellationToken)
    {
        var pipe = http.Request.BodyReader;
        var body = await WholeAsync(pipe, cancellationToken);
        var request = Plain(body);
        pipe.AdvanceTo(request is null ? body.Start : body.End);
        return request;
    }

    /// <exception cref="FeastException">Every mistake of the body.</exception>
    public async ValueTask<OnlineRequest> ReadAsync(HttpContext http, CancellationToken cancellationToken)
    {
        if (!IsPlain(http.Request.ContentLength))
        {
            using var document = await JsonBody.ReadAsync(http, cancellationToken);
            return await CheckAsync(document.RootElement, cancellationToken);
        }

        var pipe = http.Request.BodyReader;
        var body = await WholeAsync(pipe, cancellationToken);
        if (Plain(body) is { } request)
        {
            pipe.AdvanceTo(body.End);
            return request;
        }

        using var parsed = JsonBody.Parse(body);
        pipe.AdvanceTo(body.End);
        return await CheckAsync(parsed.RootElement, cancellationToken);
    }

    private static async ValueTask<ReadOnlySequence<byte>> WholeAsync(PipeReader pipe, CancellationToken cancellationToken)
    {
        var read = await pipe.ReadAsync(cancellationToken);
        while (!read.IsCompleted)
        {
            pipe.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            read = await pipe.ReadAsync(cancellationToken);
        }

        return read.Buffer;
    }

    private OnlineRequest? Plain(ReadOnlySequence<byte> body)
    {
        if (body.IsSingleSegment)
        {
            return plain.TryRead(body.FirstSpan, _maxEntities);
        }

        var length = (int)body.Length;
        var whole = ArrayPool<byte>.Shared.Rent(length);
        body.CopyTo(whole);
        var request = plain.TryRead(whole.AsSpan(0, length), _maxEntities);
        ArrayPool<byte>.Shared.Return(whole);
        return request;
    }

    /// <summary>What is unknown here may have been applied by another replica a moment ago.</summary>
    private async ValueTask<OnlineRequest> CheckAsync(JsonElement body, CancellationToken cancellationToken)
    {
        var known = catalog.Current;
        try
        {
            return OnlineRequest.Read(body, known, _maxEntities);
        }
        catch (FeastException refusal) when (refusal.Status == StatusCodes.Status404NotFound)
        {
            var newest = await catalog.RefreshAsync(cancellationToken);
            if (newest.Revision == known.Revision)
            {
                throw;
            }

            return OnlineRequest.Read(body, newest, _maxEntities);
        }
    }
}

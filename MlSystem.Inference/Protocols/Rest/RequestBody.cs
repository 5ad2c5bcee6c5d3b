using System.Buffers;
using System.IO.Pipelines;
using MlSystem.Inference.Prediction;

namespace MlSystem.Inference.Protocols.Rest;

/// <summary>A whole request body in one piece: the pipe's own memory when it came in one segment (as one-row requests do), else a pooled copy.</summary>
internal readonly struct RequestBody : IDisposable
{
    /// <summary>From here on bytes are copied out as they come, so that the pipe does not hold them as well.</summary>
    private const int CopyFrom = 64 * 1024;

    private readonly PipeReader? _reader;
    private readonly SequencePosition _end;
    private readonly byte[]? _rented;

    private RequestBody(ReadOnlyMemory<byte> content, PipeReader? reader, SequencePosition end, byte[]? rented)
    {
        Content = content;
        _reader = reader;
        _end = end;
        _rented = rented;
    }

    /// <summary>Valid until <see cref="Dispose"/>.</summary>
    public ReadOnlyMemory<byte> Content { get; }

    /// <exception cref="InferenceException">The body is larger than <paramref name="max"/> bytes.</exception>
    public static async ValueTask<RequestBody> ReadAsync(HttpRequest request, int max, CancellationToken cancellationToken)
    {
        if (request.ContentLength > max)
        {
            throw TooLarge(max);
        }

        var reader = request.BodyReader;
        while (true)
        {
            var result = await reader.ReadAsync(cancellationToken);
            var buffer = result.Buffer;
            if (result.IsCompleted && buffer.IsSingleSegment && buffer.Length <= max)
            {
                return new RequestBody(buffer.First, reader, buffer.End, null);
            }

            if (result.IsCompleted || buffer.Length > CopyFrom)
            {
                return await CopyAsync(reader, result, request.ContentLength, max, cancellationToken);
            }

            reader.AdvanceTo(buffer.Start, buffer.End);
        }
    }

    public void Dispose()
    {
        _reader?.AdvanceTo(_end);
        if (_rented is not null)
        {
            ArrayPool<byte>.Shared.Return(_rented);
        }
    }

    private static async ValueTask<RequestBody> CopyAsync(PipeReader reader, ReadResult result, long? announced, int max, CancellationToken cancellationToken)
    {
        var copy = ArrayPool<byte>.Shared.Rent((int)Math.Max(announced ?? 0, result.Buffer.Length));
        var length = 0;
        try
        {
            while (true)
            {
                var buffer = result.Buffer;
                if (length + buffer.Length > max)
                {
                    throw TooLarge(max);
                }

                copy = Grow(copy, length, (int)buffer.Length);
                buffer.CopyTo(copy.AsSpan(length));
                length += (int)buffer.Length;
                reader.AdvanceTo(buffer.End);
                if (result.IsCompleted)
                {
                    return new RequestBody(copy.AsMemory(0, length), null, default, copy);
                }

                result = await reader.ReadAsync(cancellationToken);
            }
        }
        catch
        {
            ArrayPool<byte>.Shared.Return(copy);
            throw;
        }
    }

    private static byte[] Grow(byte[] copy, int length, int more)
    {
        if (length + more <= copy.Length)
        {
            return copy;
        }

        var larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(Math.Max((long)copy.Length * 2, length + more), Array.MaxLength));
        copy.AsSpan(0, length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(copy);
        return larger;
    }

    private static InferenceException TooLarge(int max) => new(FaultKind.TooLarge, $"the body is larger than the {max} bytes that this server accepts");
}

using System.Buffers;

namespace MlSystem.Inference.PredictionLog;

/// <summary>Bytes that grow at their end in rented memory.</summary>
internal sealed class PooledBytes : IBufferWriter<byte>
{
    private byte[] _memory = [];

    /// <summary>Bytes written. Shortening forgets the last ones.</summary>
    public int Length { get; private set; }

    public ReadOnlySpan<byte> Written => _memory.AsSpan(0, Length);

    public void Truncate(int length) => Length = length;

    public void Advance(int count) => Length += count;

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(Math.Max(sizeHint, 1));
        return _memory.AsSpan(Length);
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(Math.Max(sizeHint, 1));
        return _memory.AsMemory(Length);
    }

    /// <summary>Gives the memory back.</summary>
    public void Free()
    {
        if (_memory.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_memory);
            (_memory, Length) = ([], 0);
        }
    }

    private void Reserve(int more)
    {
        if (_memory.Length - Length >= more)
        {
            return;
        }

        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(Length + more, Math.Max(_memory.Length * 2, 64)));
        Written.CopyTo(larger);
        if (_memory.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_memory);
        }

        _memory = larger;
    }
}

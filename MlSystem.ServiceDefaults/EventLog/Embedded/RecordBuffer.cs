namespace MlSystem.ServiceDefaults.EventLog.Embedded;

/// <summary>
/// Keeps the bytes of one read's records in few arrays instead of one each: a batch outlives several gen-0 collections, and
/// copying 500 small arrays in each made reads a third slower. An event that is kept longer keeps at most one array of 64 KiB.
/// </summary>
internal sealed class RecordBuffer
{
    private const int First = 4 * 1024;
    private const int Largest = 64 * 1024;

    private byte[] _chunk = [];
    private int _used;

    public ReadOnlyMemory<byte> Copy(ReadOnlySpan<byte> record)
    {
        if (record.Length > _chunk.Length - _used)
        {
            var next = Math.Clamp(_chunk.Length * 4, First, Largest);
            _chunk = GC.AllocateUninitializedArray<byte>(Math.Max(next, record.Length));
            _used = 0;
        }

        var copy = _chunk.AsMemory(_used, record.Length);
        record.CopyTo(copy.Span);
        _used += record.Length;
        return copy;
    }
}

using System.Buffers;

namespace MlSystem.FeatureStore.Online;

/// <summary>The event times of read rows as quoted JSON text, each made once for all features of its row: they are most of an answer's cost otherwise.</summary>
internal sealed class EventTimes(OnlineResult result) : IDisposable
{
    /// <summary>A quoted text and, in the last byte, its length.</summary>
    private const int Slot = JsonValues.TimeBytes + 3;

    private readonly byte[]?[] _texts = new byte[result.Query.Views.Count][];

    public ReadOnlySpan<byte> Of(OnlineColumn column, int entity)
    {
        var texts = _texts[column.ViewOrdinal] ??= Format(column);
        var slot = texts.AsSpan(entity * Slot, Slot);
        return slot[..slot[^1]];
    }

    public void Dispose()
    {
        foreach (var texts in _texts)
        {
            if (texts is not null)
            {
                ArrayPool<byte>.Shared.Return(texts);
            }
        }
    }

    private byte[] Format(OnlineColumn column)
    {
        var texts = ArrayPool<byte>.Shared.Rent(result.Query.Rows * Slot);
        for (var i = 0; i < result.Query.Rows; i++)
        {
            if (result.Cell(column, i, out _, out _, out var eventUs) == OnlineStatus.NotFound)
            {
                continue;
            }

            var slot = texts.AsSpan(i * Slot, Slot);
            var length = JsonValues.FormatTime(slot[1..], eventUs);
            slot[0] = slot[length + 1] = (byte)'"';
            slot[^1] = (byte)(length + 2);
        }

        return texts;
    }
}

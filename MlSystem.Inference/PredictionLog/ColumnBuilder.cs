using System.Buffers.Binary;
using MlSystem.Inference.Tensors;

namespace MlSystem.Inference.PredictionLog;

/// <summary>One tensor of the requests of a batch, copied one behind the other in the protocol's raw form.</summary>
/// <param name="hashed">Whether only hashes of the values may leave this process.</param>
internal sealed class ColumnBuilder(TensorInfo info, bool hashed)
{
    /// <summary>A hash as BYTES element: length and 32 hexadecimal digits.</summary>
    private const int HashBytes = sizeof(uint) + 32;

    private int _requests;
    private (int Bytes, long Elements, long EncodedBytes) _before;

    public TensorInfo Info { get; } = info;

    public bool Hashed { get; } = hashed;

    /// <summary>Shape of most requests, -1 for their rows; null while no request has this tensor.</summary>
    public long[]? Shape { get; private set; }

    public Dictionary<int, long[]>? OtherShapes { get; private set; }

    public List<int>? Absent { get; private set; }

    public PooledBytes Data { get; } = new();

    /// <summary>Elements of all requests.</summary>
    public long Elements { get; private set; }

    /// <summary>Upper bound of the column's bytes in the event, its name and form included.</summary>
    public long EncodedBytes { get; private set; } = 200 + (6L * info.Name.Length);

    /// <summary>Adds a request's tensor; false when the data would exceed <paramref name="maxBytes"/> (then it is to be undone).</summary>
    public bool TryAdd(Tensor tensor, bool isPresent, int rows, int maxBytes)
    {
        var request = _requests++;
        _before = (Data.Length, Elements, EncodedBytes);
        if (!isPresent)
        {
            (Absent ??= []).Add(request);
            EncodedBytes += 11;
            return true;
        }

        if (!Fits(tensor.Shape, rows))
        {
            (OtherShapes ??= [])[request] = [.. tensor.Shape];
            EncodedBytes += 16 + (21L * tensor.Shape.Length);
        }

        if (!TryCopy(tensor, maxBytes))
        {
            return false;
        }

        Elements += tensor.Count;
        EncodedBytes += Base64(Hashed ? (long)tensor.Count * HashBytes : Data.Length - _before.Bytes);
        return true;
    }

    /// <summary>Forgets the last request if this column has more than <paramref name="requests"/>.</summary>
    public void Undo(int requests)
    {
        if (_requests == requests)
        {
            return;
        }

        _requests = requests;
        OtherShapes?.Remove(requests);
        Absent?.Remove(requests);
        Data.Truncate(_before.Bytes);
        (Elements, EncodedBytes) = (_before.Elements, _before.EncodedBytes);
    }

    private bool TryCopy(Tensor tensor, int maxBytes)
    {
        if (Info.Datatype != Datatype.Bytes)
        {
            var raw = tensor.Raw;
            if (raw.Length > maxBytes - Data.Length)
            {
                return false;
            }

            raw.CopyTo(Data.GetSpan(raw.Length));
            Data.Advance(raw.Length);
            return true;
        }

        for (var i = 0; i < tensor.Count; i++)
        {
            var element = tensor.GetBytes(i);
            if (element.Length + sizeof(uint) > maxBytes - Data.Length)
            {
                return false;
            }

            var target = Data.GetSpan(sizeof(uint) + element.Length);
            BinaryPrimitives.WriteUInt32LittleEndian(target, (uint)element.Length);
            element.CopyTo(target[sizeof(uint)..]);
            Data.Advance(sizeof(uint) + element.Length);
        }

        return true;
    }

    private bool Fits(long[] shape, int rows)
    {
        if (Shape is null)
        {
            Shape = [.. shape];
            if (Info.HasRows && shape[0] == rows)
            {
                Shape[0] = -1;
            }

            return true;
        }

        if (shape.Length != Shape.Length)
        {
            return false;
        }

        for (var i = 0; i < shape.Length; i++)
        {
            if (shape[i] != (Shape[i] < 0 ? rows : Shape[i]))
            {
                return false;
            }
        }

        return true;
    }

    private static long Base64(long bytes) => (bytes / 3 * 4) + 4;
}

using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;

namespace MlSystem.Inference.Tensors;

/// <summary>
/// A tensor that is filled again and again: its memory is pinned and grows on demand, and its ONNX Runtime value is made
/// anew only when the shape changes. Making one costs about a microsecond, as much as running a small model.
/// </summary>
public sealed class Tensor(TensorInfo info) : IDisposable
{
    private byte[] _memory = [];
    private OrtValue? _value;
    private bool _ownMemory = true;

    public TensorInfo Info { get; } = info;

    /// <summary>Current dimensions; all known.</summary>
    public long[] Shape { get; private set; } = [];

    /// <summary>Elements in <see cref="Shape"/>.</summary>
    public int Count { get; private set; }

    /// <summary>Whether the current request has given this tensor.</summary>
    public bool IsPresent { get; set; }

    /// <summary>Whether <see cref="Value"/> is another than the one last bound to the session.</summary>
    public bool NeedsBinding { get; set; }

    /// <summary>First dimension, or 1 where the model has none.</summary>
    public long Rows => Shape.Length > 0 ? Shape[0] : 1;

    /// <summary>Bytes kept for reuse.</summary>
    public long KeptBytes => Info.Datatype == Datatype.Bytes ? Count * 32L : _memory.Length;

    public OrtValue Value => _value ?? throw new InvalidOperationException($"Tensor '{Info.Name}' has no value.");

    /// <summary>All elements of a fixed-size datatype as raw little-endian bytes.</summary>
    public Span<byte> Raw => _ownMemory ? _memory.AsSpan(0, Count * Info.Datatype.Size()) : Value.GetTensorMutableRawData()[..(Count * Info.Datatype.Size())];

    /// <summary>The elements; <typeparamref name="T"/> has the size of the datatype.</summary>
    public Span<T> Values<T>()
        where T : unmanaged => MemoryMarshal.Cast<byte, T>(Raw);

    /// <summary>Gives the tensor a shape. The elements are undefined (strings: empty or of the request before) until they are set.</summary>
    public void Resize(ReadOnlySpan<long> shape, int count)
    {
        if (_value is not null && _ownMemory && shape.SequenceEqual(Shape))
        {
            return;
        }

        _value?.Dispose();
        _value = null;
        _ownMemory = true;
        Shape = shape.ToArray();
        Count = count;
        NeedsBinding = true;
        if (Info.Datatype == Datatype.Bytes)
        {
            _value = OrtValue.CreateTensorWithEmptyStrings(OrtAllocator.DefaultInstance, Shape);
            return;
        }

        var bytes = count * Info.Datatype.Size();
        if (_memory.Length < bytes)
        {
            _memory = GC.AllocateUninitializedArray<byte>(Math.Max(bytes, 64), pinned: true);
        }

        _value = OrtValue.CreateTensorValueWithData(
            OrtMemoryInfo.DefaultInstance, Info.Datatype.ElementType(), Shape, Marshal.UnsafeAddrOfPinnedArrayElement(_memory, 0), bytes);
    }

    /// <summary>Takes over a value that the runtime allocated because its shape is known only after the run.</summary>
    public void Adopt(OrtValue value)
    {
        _value?.Dispose();
        _value = value;
        _ownMemory = false;
        Shape = value.GetTensorTypeAndShape().Shape;
        Count = checked((int)Shape.Aggregate(1L, (product, dimension) => product * dimension));
    }

    public void SetBytes(int index, ReadOnlySpan<byte> element) => Value.StringTensorSetElementAt(element, index);

    public ReadOnlySpan<byte> GetBytes(int index) => Value.GetStringElementAsSpan(index);

    public void Dispose()
    {
        _value?.Dispose();
        _value = null;
    }
}

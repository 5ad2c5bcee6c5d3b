using MlSystem.Inference.Runtimes;
using MlSystem.Inference.Tensors;

namespace MlSystem.Inference.Caching;

/// <summary>The outputs of one run.</summary>
internal sealed class CachedAnswer
{
    // Objects and dictionary nodes around the values, roughly.
    private const long Overhead = 256;
    private const long OutputOverhead = 96;
    private const long TextOverhead = 32;
    private readonly (long[] Shape, byte[] Raw, byte[][]? Texts)[] _outputs;

    private CachedAnswer((long[] Shape, byte[] Raw, byte[][]? Texts)[] outputs)
    {
        _outputs = outputs;
        Bytes = Overhead + outputs.Sum(output => OutputOverhead + (output.Shape.Length * sizeof(long)) + output.Raw.Length + (output.Texts?.Sum(text => TextOverhead + text.Length) ?? 0));
    }

    /// <summary>Bytes that it takes in memory.</summary>
    public long Bytes { get; }

    public static CachedAnswer Take(TensorSet tensors) => new([.. tensors.Outputs.Select(Take)]);

    /// <summary>Makes these the outputs of another call's tensors.</summary>
    public void Give(TensorSet tensors)
    {
        for (var i = 0; i < _outputs.Length; i++)
        {
            var (shape, raw, texts) = _outputs[i];
            var output = tensors.Outputs[i];
            output.Resize(shape, checked((int)shape.Aggregate(1L, (product, dimension) => product * dimension)));
            raw.CopyTo(output.Raw);
            for (var element = 0; element < texts?.Length; element++)
            {
                output.SetBytes(element, texts[element]);
            }
        }

        // The session may hold the values that these outputs had before: the set's next run must tell it of all anew.
        foreach (var input in tensors.Inputs)
        {
            input.NeedsBinding = true;
        }
    }

    private static (long[] Shape, byte[] Raw, byte[][]? Texts) Take(Tensor output) => output.Info.Datatype == Datatype.Bytes
        ? ([.. output.Shape], [], [.. Enumerable.Range(0, output.Count).Select(i => output.GetBytes(i).ToArray())])
        : ([.. output.Shape], output.Raw.ToArray(), null);
}

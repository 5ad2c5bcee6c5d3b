namespace MlSystem.Inference.Tests.Conformance;

/// <summary>Two values of each datatype at the ends of its range, for the model <c>echo</c>.</summary>
internal static class Extremes
{
    private static readonly long[] Shape = [2, 1];

    public static IReadOnlyList<OipTensor> Values { get; } =
    [
        OipTensor.Of<byte>("in_BOOL", "BOOL", Shape, 1, 0),
        OipTensor.Of("in_UINT8", "UINT8", Shape, byte.MinValue, byte.MaxValue),
        OipTensor.Of("in_UINT16", "UINT16", Shape, ushort.MinValue, ushort.MaxValue),
        OipTensor.Of("in_UINT32", "UINT32", Shape, uint.MinValue, uint.MaxValue),
        OipTensor.Of("in_UINT64", "UINT64", Shape, ulong.MinValue, ulong.MaxValue),
        OipTensor.Of("in_INT8", "INT8", Shape, sbyte.MinValue, sbyte.MaxValue),
        OipTensor.Of("in_INT16", "INT16", Shape, short.MinValue, short.MaxValue),
        OipTensor.Of("in_INT32", "INT32", Shape, int.MinValue, int.MaxValue),
        OipTensor.Of("in_INT64", "INT64", Shape, long.MinValue, long.MaxValue),
        OipTensor.Of("in_FP16", "FP16", Shape, (Half)0.5f, Half.MinValue),
        OipTensor.Of("in_FP32", "FP32", Shape, float.Epsilon, float.MinValue),
        OipTensor.Of("in_FP64", "FP64", Shape, double.Epsilon, double.MaxValue),
        OipTensor.Bytes("in_BYTES", Shape, "", "a \"b\" \\ ü €"),
    ];
}

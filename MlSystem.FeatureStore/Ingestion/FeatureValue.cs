namespace MlSystem.FeatureStore.Ingestion;

/// <summary>One value without boxing: a number's bits, a text, a list, or nothing (missing).</summary>
public readonly struct FeatureValue
{
    private readonly long _bits;
    private readonly object? _reference;

    private FeatureValue(long bits, object? reference, bool hasValue)
    {
        _bits = bits;
        _reference = reference;
        HasValue = hasValue;
    }

    public static FeatureValue Missing => default;

    /// <summary>False: the value is missing.</summary>
    public bool HasValue { get; }

    /// <summary>The text of a BYTES value.</summary>
    public string? Text => _reference as string;

    /// <summary>A list's elements: <c>int[] long[] float[] double[] string[]</c> by the datatype; not to be changed.</summary>
    public Array? List => _reference as Array;

    public bool AsBool => _bits != 0;

    public int AsInt32 => (int)_bits;

    public long AsInt64 => _bits;

    public float AsFp32 => (float)BitConverter.Int64BitsToDouble(_bits);

    public double AsFp64 => BitConverter.Int64BitsToDouble(_bits);

    public static FeatureValue Of(bool value) => new(value ? 1 : 0, null, true);

    /// <summary>INT32, INT64, or a TIMESTAMP's microseconds since 1970-01-01T00:00:00Z.</summary>
    public static FeatureValue Of(long value) => new(value, null, true);

    /// <summary>FP32 or FP64.</summary>
    public static FeatureValue Of(double value) => new(BitConverter.DoubleToInt64Bits(value), null, true);

    public static FeatureValue Of(string value) => new(0, value, true);

    /// <param name="elements"><c>int[] long[] float[] double[] string[]</c>.</param>
    public static FeatureValue Of(Array elements) => new(0, elements, true);
}

namespace MlSystem.FeatureStore.Ingestion;

/// <summary>One value without boxing: a number's bits, a text, or nothing (missing).</summary>
public readonly struct FeatureValue
{
    private readonly long _bits;

    private FeatureValue(long bits, string? text, bool hasValue)
    {
        _bits = bits;
        Text = text;
        HasValue = hasValue;
    }

    public static FeatureValue Missing => default;

    /// <summary>False: the value is missing.</summary>
    public bool HasValue { get; }

    /// <summary>The text of a BYTES value.</summary>
    public string? Text { get; }

    public bool AsBool => _bits != 0;

    public int AsInt32 => (int)_bits;

    public long AsInt64 => _bits;

    public float AsFp32 => (float)BitConverter.Int64BitsToDouble(_bits);

    public double AsFp64 => BitConverter.Int64BitsToDouble(_bits);

    public static FeatureValue Of(bool value) => new(value ? 1 : 0, null, true);

    /// <summary>INT32 or INT64.</summary>
    public static FeatureValue Of(long value) => new(value, null, true);

    /// <summary>FP32 or FP64.</summary>
    public static FeatureValue Of(double value) => new(BitConverter.DoubleToInt64Bits(value), null, true);

    public static FeatureValue Of(string value) => new(0, value, true);
}

namespace MlSystem.Onnx;

/// <summary>Rounding of thresholds to single precision.</summary>
public static class FloatRounding
{
    /// <summary>
    /// The greatest float that is not above <paramref name="value"/>: for every float x, <c>x &lt;= value</c> exactly
    /// when <c>x &lt;= Down(value)</c>. Rounding to nearest would send rows between the two the other way.
    /// </summary>
    public static float Down(double value)
    {
        var nearest = (float)value;
        return nearest > value ? MathF.BitDecrement(nearest) : nearest;
    }

    /// <summary>The smallest float that is not below <paramref name="value"/>: keeps <c>x &gt;= value</c> and <c>x &lt; value</c>.</summary>
    public static float Up(double value)
    {
        var nearest = (float)value;
        return nearest < value ? MathF.BitIncrement(nearest) : nearest;
    }

    /// <summary>The float that keeps a branch's decision for every float feature.</summary>
    /// <exception cref="OnnxGraphException">An equality with a value that no float has.</exception>
    internal static float Threshold(BranchMode mode, double value) => mode switch
    {
        BranchMode.LessOrEqual or BranchMode.Greater => Down(value),
        BranchMode.Less or BranchMode.GreaterOrEqual => Up(value),
        _ when (float)value == value => (float)value,
        _ => throw new OnnxGraphException($"A branch tests for equality with {value:R}, which no float has."),
    };
}

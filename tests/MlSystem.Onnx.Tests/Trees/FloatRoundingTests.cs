using FsCheck;
using FsCheck.Fluent;

namespace MlSystem.Onnx.Tests.Trees;

public sealed class FloatRoundingTests
{
    [Fact]
    public void Rounded_thresholds_decide_every_float_as_the_double_does() => Prop.ForAll(
        ArbMap.Default.ArbFor<NormalFloat>(),
        value =>
        {
            var threshold = value.Get;
            var (down, up) = (FloatRounding.Down(threshold), FloatRounding.Up(threshold));
            var neighbours = new[] { down, up, MathF.BitDecrement(down), MathF.BitIncrement(down), MathF.BitIncrement(up), (float)threshold, 0, float.MaxValue, float.MinValue };
            return neighbours.All(x => x <= threshold == x <= down && x < threshold == x < up && x >= threshold == x >= up && x > threshold == x > down);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(5000).WithReplay(new Random(7).NextUInt64(), 3));

    [Theory]
    [InlineData(0.1)]
    [InlineData(1e300)]
    [InlineData(-1e300)]
    [InlineData(1e-300)]
    [InlineData(-1e-300)]
    [InlineData(16777217)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(double.NegativeInfinity)]
    public void Rounding_keeps_to_its_side(double value)
    {
        Assert.True(FloatRounding.Down(value) <= value);
        Assert.True(FloatRounding.Up(value) >= value);
        Assert.True(MathF.BitIncrement(FloatRounding.Down(value)) > value || double.IsPositiveInfinity(value));
    }
}

internal static class RandomExtensions
{
    public static ulong NextUInt64(this Random random) => ((ulong)random.Next() << 32 | (uint)random.Next()) | 1;
}

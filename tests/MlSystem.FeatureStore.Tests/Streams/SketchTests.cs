using MlSystem.FeatureStore.Streams.Sketches;

namespace MlSystem.FeatureStore.Tests.Streams;

/// <summary>Sketches keep the error that they promise, whatever was merged in whatever order, and outlive writing and reading.</summary>
public sealed class SketchTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(HyperLogLog.MaxExact)]
    public void Few_different_values_are_counted_exactly(int values)
    {
        var sketch = new HyperLogLog();
        for (var i = 0; i < 3 * values; i++)
        {
            sketch.Add(HyperLogLog.Hash(i % values));
        }

        Assert.Equal(values, sketch.Estimate());
    }

    [Theory]
    [InlineData(129)]
    [InlineData(1_000)]
    [InlineData(10_000)]
    [InlineData(200_000)]
    public void Many_different_values_are_counted_within_five_standard_errors_and_merging_is_the_same_as_adding(int values)
    {
        var (whole, parts) = (new HyperLogLog(), Enumerable.Range(0, 7).Select(_ => new HyperLogLog()).ToArray());
        for (var i = 0; i < values; i++)
        {
            whole.Add(HyperLogLog.Hash(i));
            parts[i % 7].Add(HyperLogLog.Hash(i));
            parts[(i + 1) % 7].Add(HyperLogLog.Hash(i));
        }

        var merged = new HyperLogLog();
        Array.ForEach(parts, part => merged.Merge(Copy(part)));
        Assert.Equal(whole.Estimate(), merged.Estimate());
        Assert.InRange(whole.Estimate(), values * (1 - (5 * 0.01625)), values * (1 + (5 * 0.01625)));
        Assert.InRange(merged.Bytes, 0, 5_000);
    }

    [Fact]
    public void Quantiles_keep_their_relative_error_and_merging_is_the_same_as_adding()
    {
        var random = new Random(3);
        double[] values = [.. Enumerable.Range(0, 20_000).Select(i => i % 50 == 0 ? 0 : (random.NextDouble() < 0.3 ? -1 : 1) * Math.Exp((random.NextDouble() * 20) - 10))];
        var (whole, parts) = (new DdSketch(), Enumerable.Range(0, 5).Select(_ => new DdSketch()).ToArray());
        foreach (var value in values)
        {
            whole.Add(value);
            parts[random.Next(5)].Add(value);
        }

        var merged = new DdSketch();
        Array.ForEach(parts, part => merged.Merge(Copy(part)));
        Array.Sort(values);
        foreach (var q in (double[])[0.001, 0.1, 0.25, 0.3, 0.5, 0.9, 0.99, 0.999])
        {
            var exact = values[(int)(q * (values.Length - 1))];
            Assert.InRange(whole.Quantile(q), exact - (Math.Abs(exact) * 0.0101), exact + (Math.Abs(exact) * 0.0101));
            Assert.Equal(whole.Quantile(q), merged.Quantile(q));
        }

        Assert.True(double.IsNaN(new DdSketch().Quantile(0.5)));
    }

    [Fact]
    public void The_memory_of_a_quantile_is_bounded_and_great_magnitudes_stay_exact()
    {
        var sketch = new DdSketch();
        for (var exponent = -250; exponent <= 250; exponent++)
        {
            for (var i = 1; i < 60; i++)
            {
                sketch.Add(i * Math.Pow(10, exponent));
            }
        }

        Assert.InRange(sketch.Bytes, 1, 60_000);
        Assert.InRange(sketch.Quantile(0.9999), 50e250 * 0.98, 60e250);
    }

    private static HyperLogLog Copy(HyperLogLog sketch) => Copied(sketch.Write, HyperLogLog.Read);

    private static DdSketch Copy(DdSketch sketch) => Copied(sketch.Write, DdSketch.Read);

    private static T Copied<T>(Action<BinaryWriter> write, Func<BinaryReader, T> read)
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes);
        write(writer);
        bytes.Position = 0;
        using var reader = new BinaryReader(bytes);
        return read(reader);
    }
}

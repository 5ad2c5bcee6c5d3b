using MlSystem.Inference.Batching;

namespace MlSystem.Inference.Tests.Batching;

public sealed class LatencyModelTests
{
    [Fact]
    public void Knows_nothing_at_first_and_forbids_nothing()
    {
        var model = new LatencyModel();
        Assert.False(model.IsKnown);
        Assert.Equal((0, 64), (model.Seconds(10), model.Rows(1e-9, 64)));
    }

    [Theory]
    [InlineData(1e-5, 1e-6)]
    [InlineData(1e-3, 0)]
    [InlineData(0, 2e-4)]
    public void Learns_a_line(double fixedSeconds, double perRow)
    {
        var model = new LatencyModel();
        for (var i = 0; i < 200; i++)
        {
            var rows = 1 << (i % 7);
            model.Observe(rows, fixedSeconds + (perRow * rows), i);
        }

        foreach (var rows in (int[])[1, 8, 50, 64])
        {
            Assert.Equal(fixedSeconds + (perRow * rows), model.Seconds(rows), 0.01 * (fixedSeconds + (perRow * rows)));
        }

        Assert.Equal(199, model.LastSeen);
    }

    /// <summary>The rows it allows are the most that fit by its own line, at least one.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Rows_is_the_inverse_of_seconds(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 300; round++)
        {
            var model = new LatencyModel();
            for (var i = 0; i < 40; i++)
            {
                model.Observe(random.Next(1, 300), Math.Pow(10, (random.NextDouble() * 6) - 6), i);
            }

            Assert.True(model.Seconds(1) >= 0 && model.Seconds(300) >= model.Seconds(1));
            var limit = Math.Pow(10, (random.NextDouble() * 6) - 6);
            var rows = model.Rows(limit, 256);
            Assert.InRange(rows, 1, 256);
            Assert.True(rows == 1 || model.Seconds(rows) <= limit * 1.000001);
            Assert.True(rows == 256 || model.Seconds(rows + 1) >= limit * 0.999999);
        }
    }

    [Fact]
    public void One_pause_teaches_little_and_a_slower_model_is_learned()
    {
        var model = new LatencyModel();
        for (var i = 0; i < 64; i++)
        {
            model.Observe(1, 1e-4, i);
        }

        model.Observe(1, 10, 64);
        Assert.InRange(model.Seconds(1), 1e-4, 1.1e-4);
        for (var i = 0; i < 300; i++)
        {
            model.Observe(1, 5e-4, i);
        }

        Assert.InRange(model.Seconds(1), 4.5e-4, 5e-4);
    }
}

using MlSystem.Training.Detectors;
using MlSystem.Training.Learners.Models;

namespace MlSystem.Training.Tests.Detectors;

public sealed class DetectorTests
{
    [Theory]
    [InlineData(0.1, 0.3)]
    [InlineData(0.2, 0.5)]
    public void Both_find_a_rise_soon_and_give_no_alarm_before(double from, double to)
    {
        foreach (var (detector, most) in ((IDriftDetector, int)[])[(new Adwin(), 400), (new PageHinkley(), 800)])
        {
            var random = new SplitMix64(7);
            for (var i = 0; i < 10_000; i++)
            {
                Assert.Equal(DriftSign.None, detector.Add(random.NextUnit() < from ? 1 : 0));
            }

            var delay = 1;
            while (detector.Add(random.NextUnit() < to ? 1 : 0) != DriftSign.Rise)
            {
                delay++;
            }

            Assert.InRange(delay, 1, most);
        }
    }

    [Fact]
    public void Adwin_tells_a_fall_from_a_rise_and_keeps_only_the_new_concept()
    {
        var adwin = new Adwin();
        var random = new SplitMix64(3);
        for (var i = 0; i < 5000; i++)
        {
            adwin.Add(random.NextUnit() < 0.6 ? 1 : 0);
        }

        List<DriftSign> signs = [];
        for (var i = 0; i < 3000; i++)
        {
            signs.Add(adwin.Add(random.NextUnit() < 0.2 ? 1 : 0));
        }

        Assert.Contains(DriftSign.Fall, signs);
        Assert.DoesNotContain(DriftSign.Rise, signs);
        Assert.InRange(adwin.Mean, 0.17, 0.25);
        Assert.InRange(adwin.Width, 1500, 4000);
    }

    [Fact]
    public void Adwins_histogram_has_the_windows_own_mean_and_variance()
    {
        // No cut can be found: the bound needs a clock's worth of values.
        var adwin = new Adwin(clock: 10_000);
        var random = new SplitMix64(11);
        List<double> values = [];
        for (var i = 0; i < 3000; i++)
        {
            values.Add(random.NextUnit());
            adwin.Add(values[^1]);
        }

        var mean = values.Average();
        Assert.Equal(3000, adwin.Width);
        Assert.Equal(mean, adwin.Mean, 1e-9);
        Assert.Equal(values.Average(v => (v - mean) * (v - mean)), adwin.Variance, 1e-9);
    }

    [Fact]
    public void A_detector_that_was_stored_goes_on_as_if_it_had_not_been()
    {
        foreach (var make in (Func<IDriftDetector>[])[() => new Adwin(), () => new PageHinkley()])
        {
            var (whole, stored) = (make(), make());
            var random = new SplitMix64(5);
            for (var i = 0; i < 4000; i++)
            {
                var value = random.NextUnit() < (i < 2000 ? 0.1 : 0.6) ? 1 : 0;
                Assert.Equal(whole.Add(value), stored.Add(value));
                if (i % 97 == 0)
                {
                    stored = Copy(stored, make());
                }
            }

            Assert.Equal(whole.Mean, stored.Mean);
        }
    }

    private static IDriftDetector Copy(IDriftDetector from, IDriftDetector to)
    {
        using var buffer = new MemoryStream();
        using var writer = new BinaryWriter(buffer);
        from.Write(writer);
        buffer.Position = 0;
        using var reader = new BinaryReader(buffer);
        to.Read(reader);
        return to;
    }
}

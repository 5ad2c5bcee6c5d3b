using MlSystem.Quality.Suites;
using MlSystem.Training.Detectors;
using MlSystem.Training.Learners.Models;

namespace MlSystem.Quality.Detectors;

/// <summary>Delays and false alarms of the drift detectors.</summary>
internal sealed class DetectorsSuite : IQualitySuite
{
    private const int Before = 10000;
    private const int Streams = 200;
    private const int QuietRows = 500_000;

    public string Name => "detectors";

    public string Protocol => "Bernoulli streams of splitmix64: 10,000 rows of the first rate, then the second; mean rows from the change to the alarm over 200 streams. False alarms are alarms in 500,000 rows at a rate of .10.";

    public Task<IReadOnlyList<QualityRow>> RunAsync(SuiteContext context, CancellationToken cancellation)
    {
        var rows = new List<QualityRow>();
        foreach (var (from, to, adwin, page) in ((double, double, double, double)[])[(.1, .2, 299, 468), (.1, .3, 114, 218), (.2, .5, 91, 129)])
        {
            cancellation.ThrowIfCancellationRequested();
            context.Log($"{from} to {to}");
            rows.Add(new QualityRow($"{from:.00} → {to:.00}", "ADWIN δ .002, clock 32", "delay, rows", Delay(() => new Adwin(), from, to), adwin, Bar.AtMost(1.15 * adwin)));
            rows.Add(new QualityRow($"{from:.00} → {to:.00}", "Page–Hinkley δ .005, λ 50", "delay, rows", Delay(() => new PageHinkley(), from, to), page));
        }

        rows.Add(new QualityRow(".10 throughout", "ADWIN δ .002, clock 32", "false alarms", FalseAlarms(new Adwin()), 0, Bar.AtMost(1)));
        rows.Add(new QualityRow(".10 throughout", "Page–Hinkley δ .005, λ 50", "false alarms", FalseAlarms(new PageHinkley())));
        return Task.FromResult<IReadOnlyList<QualityRow>>(rows);
    }

    private static double Delay(Func<IDriftDetector> make, double from, double to) =>
        Enumerable.Range(1, Streams).Average(seed => Delay(make(), new SplitMix64((ulong)seed), from, to));

    private static double Delay(IDriftDetector detector, SplitMix64 random, double from, double to)
    {
        for (var row = 0; row < Before; row++)
        {
            detector.Add(random.NextUnit() < from ? 1 : 0);
        }

        for (var row = 1; ; row++)
        {
            if (detector.Add(random.NextUnit() < to ? 1 : 0) == DriftSign.Rise)
            {
                return row;
            }
        }
    }

    private static double FalseAlarms(IDriftDetector detector)
    {
        var random = new SplitMix64(1);
        return Enumerable.Range(0, QuietRows).Count(_ => detector.Add(random.NextUnit() < 0.1 ? 1 : 0) != DriftSign.None);
    }
}

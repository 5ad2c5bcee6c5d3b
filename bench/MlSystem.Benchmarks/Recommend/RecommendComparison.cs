using System.Diagnostics;
using System.Globalization;
using MlSystem.Training.Recommendation;
using MlSystem.Training.Recommendation.Data;
using MlSystem.Training.Recommendation.Factorization;
using MlSystem.Training.Recommendation.Numerics;

namespace MlSystem.Benchmarks.Recommend;

/// <summary>
/// Time of recommender trainings on made-up interactions whose items are drawn by a power law. Implicit ALS of 100,000 and 1,000,000 interactions tells whether
/// it is linear; BPR counts updates. <c>recommend [--rounds N] [--report file]</c>.
/// </summary>
public static class RecommendComparison
{
    private const int Epochs = 20;

    public static async Task<int> RunAsync(string[] arguments)
    {
        var rounds = Option(arguments, "--rounds", 3);
        var context = FitContext.AllCores();
        var (small, large) = (PowerLaw(100_000, 1_000, 4_000), PowerLaw(1_000_000, 10_000, 20_000));
        var options = new ImplicitAlsOptions { Factors = 64, Iterations = 15, Alpha = 3, Regularisation = 30 };
        (string Name, Interactions Data, Action<Interactions> Run)[] runs =
        [
            ("implicit ALS, 64 factors, 15 iterations", small, d => ImplicitAls.Fit(d, options, context)),
            ("implicit ALS, 64 factors, 15 iterations", large, d => ImplicitAls.Fit(d, options, context)),
            ($"BPR, 64 factors, {Epochs} epochs", large, d => Bpr.Fit(d, new BprOptions { Epochs = Epochs }, context)),
        ];
        var times = runs.Select(_ => new List<double>()).ToArray();
        for (var round = -1; round < rounds; round++)
        {
            for (var r = 0; r < runs.Length; r++)
            {
                var started = Stopwatch.GetTimestamp();
                runs[r].Run(runs[r].Data);
                if (round >= 0)
                {
                    times[r].Add(Stopwatch.GetElapsedTime(started).TotalSeconds);
                }
            }
        }

        var report = Report([.. runs.Select((run, r) => (run.Name, run.Data.Count, times[r].Order().ElementAt(rounds / 2)))], rounds, context.Threads);
        Console.Write(report);
        if (Array.IndexOf(arguments, "--report") is >= 0 and var at)
        {
            await File.WriteAllTextAsync(arguments[at + 1], report);
        }

        return 0;
    }

    private static string Report(IReadOnlyList<(string Name, int Count, double Seconds)> results, int rounds, int threads)
    {
        var (small, large, bpr) = (results[0], results[1], results[2]);
        var growth = large.Seconds / small.Seconds;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"""
            # Recommender training

            Made-up interactions, items drawn by a power law; {threads} threads, median of {rounds} rounds in one process.

            | trainer | interactions | s |
            |---|---|---|
            {string.Join('\n', results.Select(r => string.Create(CultureInfo.InvariantCulture, $"| {r.Name} | {r.Count:N0} | {r.Seconds:0.00} |")))}

            Implicit ALS: {(double)large.Count / small.Count:0.0} × the interactions take {growth:0.0} × the time. BPR: {(double)bpr.Count * Epochs / bpr.Seconds / 1e6:0.0} million updates a second, the fit of its serving form included.

            `dotnet run -c Release --project bench/MlSystem.Benchmarks -- recommend --report bench/reports/recommend.md`

            """);
    }

    /// <summary>Different pairs; item i is drawn in proportion to about 1 / (i + 1)^0.8, users by 0.4.</summary>
    private static Interactions PowerLaw(int count, int users, int items)
    {
        var random = new SplitMix64(11);
        var pairs = new HashSet<(int User, int Item)>(count);
        while (pairs.Count < count)
        {
            pairs.Add((Draw(ref random, users, 0.4), Draw(ref random, items, 0.8)));
        }

        return Interactions.Of([.. pairs.Select(p => p.User.ToString(CultureInfo.InvariantCulture))], [.. pairs.Select(p => p.Item.ToString(CultureInfo.InvariantCulture))]);
    }

    /// <summary>Inverse of the integral of x^-exponent.</summary>
    private static int Draw(ref SplitMix64 random, int bound, double exponent) =>
        Math.Min(bound - 1, (int)(bound * Math.Pow(random.NextDouble(), 1 / (1 - exponent))));

    private static int Option(string[] arguments, string name, int fallback) =>
        Array.IndexOf(arguments, name) is >= 0 and var at ? int.Parse(arguments[at + 1], CultureInfo.InvariantCulture) : fallback;
}

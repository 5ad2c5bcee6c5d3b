using System.Diagnostics;
using System.Globalization;
using MlSystem.Inference.Explanations.Trees;
using MlSystem.Inference.Tests.Explanations;
using MlSystem.Onnx;

namespace MlSystem.Benchmarks.Explanations;

/// <summary>
/// TreeSHAP of 100 trees of depth 6 on 30 features against LightGBM's own contributions (<c>LGBM_BoosterPredictForMat</c>, predict type 3) on
/// one thread each, interleaved in one process. <c>explain [--rounds N] [--rows N] [--report file]</c>.
/// </summary>
public static class ExplainComparison
{
    private const int Features = 30;
    private const int Trees = 100;
    private const int TrainingRows = 20_000;

    public static async Task<int> RunAsync(string[] arguments)
    {
        var rounds = Option(arguments, "--rounds", 5);
        var count = Option(arguments, "--rows", 1000);
        var (values, labels) = Data(TrainingRows);
        using var native = LightGbmNative.Train(
            values, Features, labels, "objective=regression num_leaves=64 max_depth=6 min_data_in_leaf=1 verbosity=-1 num_threads=1 deterministic=true force_row_wise=true", Trees);
        var trees = LightGbmText.Read(native.ModelText());
        int[] targets = [.. Enumerable.Range(0, Features)];
        var rows = values.AsSpan(0, count * Features).ToArray();
        var prepared = Stopwatch.GetTimestamp();
        var explainer = PathDependentTreeShap.Create(trees, 0, targets, Features, 32 << 20);
        var preparing = Stopwatch.GetElapsedTime(prepared);
        var plain = PathDependentTreeShap.Create(trees, 0, targets, Features, 0);
        var interventional = InterventionalTreeShap.Create(trees, 0, targets, Features, values.AsSpan(0, 100 * Features), Features);
        (string Name, Func<double[]> Run)[] runs =
        [
            ("LightGBM 4.7.0, native contributions", () => native.Contribute(rows, Features)),
            ("tree_shap (short paths tabulated)", () => explainer.Explain(rows, Features, 1, CancellationToken.None)),
            ("tree_shap without tables", () => plain.Explain(rows, Features, 1, CancellationToken.None)),
            ("tree_shap_interventional, 100 background rows", () => interventional.Explain(rows, Features, 1, CancellationToken.None)),
        ];
        var rates = runs.Select(_ => new List<double>()).ToArray();
        for (var round = -1; round < rounds; round++)
        {
            for (var r = 0; r < runs.Length; r++)
            {
                var started = Stopwatch.GetTimestamp();
                _ = runs[r].Run();
                if (round >= 0)
                {
                    rates[r].Add(count / Stopwatch.GetElapsedTime(started).TotalSeconds);
                }
            }
        }

        var report = Report(runs.Select((run, r) => (run.Name, Median(rates[r]))).ToList(), Difference(native.Contribute(rows, Features), explainer, rows), trees, preparing, explainer.TableBytes, rounds, count);
        Console.Write(report);
        if (Array.IndexOf(arguments, "--report") is >= 0 and var at)
        {
            await File.WriteAllTextAsync(arguments[at + 1], report);
        }

        return 0;
    }

    private static string Report(
        IReadOnlyList<(string Name, double Rate)> results, double difference, TreeEnsemble trees, TimeSpan preparing, long bytes, int rounds, int count) => string.Create(
        CultureInfo.InvariantCulture,
        $"""
        # Tree explanations

        {trees.Trees.Count} trees of depth 6 ({trees.Trees.Average(t => t.Nodes.Count(n => n.Leaf is not null)):0} leaves each on average), {Features} features; {count} rows, one thread each, median of {rounds} interleaved rounds. Greatest difference between `tree_shap` and LightGBM: {difference:0.0e+0}. Preparing the tables: {preparing.TotalMilliseconds:0} ms, {bytes / 1024.0 / 1024:0.0} MiB, once a version.

        | | rows/s | to LightGBM |
        |---|---|---|
        {string.Join('\n', results.Select(r => string.Create(CultureInfo.InvariantCulture, $"| {r.Name} | {r.Rate:0} | {r.Rate / results[0].Rate:0.0} × |")))}

        `dotnet run -c Release --project bench/MlSystem.Benchmarks -- explain --report bench/reports/explain.md`

        """);

    private static double Difference(double[] native, PathDependentTreeShap explainer, double[] rows)
    {
        var own = explainer.Explain(rows, Features, 1, CancellationToken.None);
        return own.Select((value, i) => Math.Abs(value - native[(i / Features * (Features + 1)) + (i % Features)])).Max();
    }

    private static (double[] Values, float[] Labels) Data(int rows)
    {
        var random = new Random(17);
        double[] values = [.. Enumerable.Range(0, rows * Features).Select(_ => (double)(float)((random.NextDouble() * 2) - 1))];
        float Label(int row) => (float)(Enumerable.Range(0, Features - 1).Sum(f => values[(row * Features) + f] * values[(row * Features) + f + 1] * (f % 5)) + random.NextDouble());
        return (values, [.. Enumerable.Range(0, rows).Select(Label)]);
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static int Option(string[] arguments, string name, int fallback) =>
        Array.IndexOf(arguments, name) is >= 0 and var at ? int.Parse(arguments[at + 1], CultureInfo.InvariantCulture) : fallback;
}

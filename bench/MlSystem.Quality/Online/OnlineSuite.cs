using MlSystem.Contracts;
using MlSystem.Quality.Suites;
using MlSystem.Training.Learners;
using MlSystem.Training.Learners.Definitions;

namespace MlSystem.Quality.Online;

/// <summary>Learners on drifting streams, each row predicted before it is learnt.</summary>
internal sealed class OnlineSuite : IQualitySuite
{
    private const int Seeds = 10;

    public string Name => "online";

    public string Protocol => "SEA and FLIP, 100,000 rows each with 10 % label noise, generator splitmix64; every row is predicted, then learnt. Features are (x − 5)/5 without further scaling and an intercept. The reference numbers are of seed 1; \"mean\" is over the seeds 1 to 10.";

    public Task<IReadOnlyList<QualityRow>> RunAsync(SuiteContext context, CancellationToken cancellation)
    {
        var rows = new List<QualityRow>();
        foreach (var (stream, draw) in (Dictionary<string, Func<ulong, IEnumerable<(double[], bool)>>>)new() { ["SEA"] = Streams.Sea, ["FLIP"] = Streams.Flip })
        {
            foreach (var (model, kind, action) in ((string, string, string)[])
                [("FTRL-Proximal", LearnerKind.Ftrl, LearnerDrift.None), ("FTRL + ADWIN reset", LearnerKind.Ftrl, LearnerDrift.Reset),
                 ("FTRL + ADWIN faster", LearnerKind.Ftrl, LearnerDrift.Faster), ("passive-aggressive", LearnerKind.PassiveAggressive, LearnerDrift.None)])
            {
                cancellation.ThrowIfCancellationRequested();
                context.Log($"{stream} {model}");
                rows.AddRange(Measure(stream, model, draw, Definition(kind, action), Math.Min(Seeds, context.Folds ?? Seeds)));
            }
        }

        return Task.FromResult<IReadOnlyList<QualityRow>>(rows);
    }

    private static IEnumerable<QualityRow> Measure(
        string stream, string model, Func<ulong, IEnumerable<(double[], bool)>> draw, LearnerDefinition definition, int seeds)
    {
        var results = Enumerable.Range(1, seeds).Select(seed => Run(definition, draw((ulong)seed))).ToList();
        var (loss, accuracy) = Reference(stream, model);
        yield return new QualityRow($"{stream} seed 1", model, "log-loss", results[0].Loss, loss, loss is null ? null : Bar.AtMost(loss.Value + 0.001));
        yield return new QualityRow($"{stream} seed 1", model, "accuracy", results[0].Accuracy, accuracy, accuracy is null ? null : Bar.AtLeast(Floor(stream, model, accuracy.Value)));
        yield return new QualityRow($"{stream} mean", model, "log-loss", results.Average(r => r.Loss));
        yield return new QualityRow($"{stream} mean", model, "accuracy", results.Average(r => r.Accuracy), Reach: stream == "FLIP" && model == "FTRL + ADWIN reset" ? Bar.AtLeast(0.883) : null);
    }

    private static (double Loss, double Accuracy) Run(LearnerDefinition definition, IEnumerable<(double[] X, bool Label)> stream)
    {
        var learner = new OnlineLearner(definition);
        var row = learner.NewRow();
        foreach (var (x, label) in stream)
        {
            for (var i = 0; i < x.Length; i++)
            {
                row.Numbers[i] = (x[i] - 5) / 5;
            }

            row.Label = label ? 1 : 0;
            learner.Take(row);
        }

        var metrics = learner.Metrics.Overall();
        return (metrics["log_loss"], metrics["accuracy"]);
    }

    private static LearnerDefinition Definition(string kind, string action) => new()
    {
        Name = "stream",
        Kind = kind,
        Task = ModelTask.BinaryClassification,
        Source = new LearnerSource(),
        Features = new LearnerFeatures { Numeric = [new("x1", "FP64"), new("x2", "FP64"), new("x3", "FP64")], Scaling = LearnerScaling.None },
        Label = new LearnerLabel { Classes = ["0", "1"] },
        Drift = new LearnerDrift { Action = action },
    };

    private static double Floor(string stream, string model, double reference) => stream == "FLIP" && model == "FTRL + ADWIN reset" ? 0.883 : reference - 0.001;

    private static (double? Loss, double? Accuracy) Reference(string stream, string model) => (stream, model) switch
    {
        ("SEA", "FTRL-Proximal") => (0.4221, 0.8859),
        ("FLIP", "FTRL-Proximal") => (0.4538, 0.8615),
        ("SEA", "FTRL + ADWIN reset") => (0.4235, 0.8832),
        ("FLIP", "FTRL + ADWIN reset") => (0.4239, 0.8833),
        _ => (null, null),
    };
}

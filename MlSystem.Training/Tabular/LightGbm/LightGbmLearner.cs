using System.Globalization;
using MlSystem.Onnx;
using MlSystem.Training.Tabular.Features;
using MlSystem.Training.Tabular.Selection;

namespace MlSystem.Training.Tabular.LightGbm;

/// <summary>Gradient-boosted trees of LightGBM (Ke et al. 2017) through its native library; deterministic, whatever the number of threads.</summary>
internal sealed class LightGbmLearner : ILearner
{
    private const int CheckedRows = 500;
    private const int FewRows = 20_000;

    public TabularOptions Choose(IReadOnlyList<Fold> folds, TabularOptions options, LearnerContext context)
    {
        if (options.Iterations is not null && options.Leaves is not null)
        {
            return Filled(options, folds[0].Fit);
        }

        var threads = Threads(options, folds[0].Fit);
        using var lease = LightGbmThreads.Enter(threads, context.Cancellation);
        var best = (Loss: double.PositiveInfinity, Options: options);
        foreach (var leaves in options.Leaves is { } given ? [given] : LeavesFor(folds[0].Fit.Rows))
        {
            var candidate = Filled(options with { Leaves = leaves }, folds[0].Fit);
            var (loss, iterations) = LightGbmSearch.Run(folds, candidate, Parameters(candidate, folds[0].Fit.Targets, threads), threads, context);
            if (loss < best.Loss)
            {
                best = (loss, candidate with { Iterations = options.Iterations ?? iterations });
            }
        }

        return double.IsFinite(best.Loss) ? best.Options : throw new TrainingDataException(null, "the held-out loss of boosting is not finite in any round");
    }

    public FittedModel Fit(TrainingSet set, TabularOptions options, LearnerContext context)
    {
        var filled = Filled(options, set);
        var threads = Threads(options, set);
        using var lease = LightGbmThreads.Enter(threads, context.Cancellation);
        using var booster = new LightGbmBooster(set, null, Parameters(filled, set.Targets, threads), threads);
        var rounds = filled.Iterations!.Value;
        for (var i = 0; i < rounds; i++)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            context.Progress((double)i / rounds);
            if (!booster.Next())
            {
                break;
            }
        }

        var outputs = set.Targets.Outputs;
        var grown = LightGbmModelText.Read(booster.Text(), outputs);
        if (grown.Trees.Any(t => t.Nodes.Any(n => n.Leaf is { } leaf && !double.IsFinite(leaf[0].Value))))
        {
            throw new TrainingDataException(null, $"a leaf of boosting is not finite; the loss diverged within {rounds} rounds");
        }

        CheckTrees(grown, booster, set, outputs, rounds);
        var parent = context.Parent?.Trees;
        var trees = parent is null ? grown : grown with { Trees = [.. parent.Trees, .. grown.Trees], BaseValues = parent.BaseValues };
        var own = TreeScores.Of(trees);
        return new FittedModel
        {
            Trees = trees,
            Link = LearnerLinks.Of(set.Targets),
            Scores = own,
            Facts = Facts(filled, trees, parent),
        };
    }

    /// <summary>The trees as read must score as LightGBM itself does.</summary>
    private static void CheckTrees(TreeEnsemble trees, LightGbmBooster booster, TrainingSet set, int outputs, int rounds)
    {
        var sample = set.Features.Select([.. Enumerable.Range(0, Math.Min(set.Rows, CheckedRows))]);
        var (expected, actual) = (booster.Scores(sample, outputs, rounds), TreeScores.Of(trees)(sample));
        for (var i = 0; i < expected.Length; i++)
        {
            if (!(Math.Abs(expected[i] - actual[i]) <= 1e-9 * Math.Max(1, Math.Abs(expected[i]))))
            {
                throw new ModelParityException($"The trees score {actual[i]:R} where LightGBM scores {expected[i]:R} (value {i}).");
            }
        }
    }

    private static Dictionary<string, string> Facts(TabularOptions options, TreeEnsemble trees, TreeEnsemble? parent)
    {
        var facts = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["trees"] = Text(trees.Trees.Count),
            ["iterations"] = Text(options.Iterations),
        };
        if (parent is not null)
        {
            facts["parent_trees"] = Text(parent.Trees.Count);
        }

        return facts;
    }

    /// <summary>Everything that depends on the number of rows and features, decided.</summary>
    private static TabularOptions Filled(TabularOptions options, TrainingSet set) => options with
    {
        Iterations = options.Iterations ?? options.MaximumIterations,
        LearningRate = options.LearningRate ?? (set.Rows < 200_000 ? 0.05 : 0.1),
        Leaves = options.Leaves ?? LeavesFor(set.Rows)[0],
        MinimumRowsPerLeaf = options.MinimumRowsPerLeaf ?? Math.Clamp(set.Rows / 300, 5, 20),
        FeatureShare = options.FeatureShare ?? (set.Features.Width > 100 ? 0.3 : 0.6),
        L2 = options.L2 ?? 1,
    };

    private static int[] LeavesFor(int rows) => rows < 20_000 ? [4, 8, 16] : rows < 200_000 ? [31, 127] : [127];

    /// <summary>Threads that wait for each other every few microseconds cost more than they gain on few rows, above all on busy cores.</summary>
    private static int Threads(TabularOptions options, TrainingSet set) => set.Rows < FewRows ? 1 : options.Threads;

    private static string Parameters(TabularOptions options, TargetColumn targets, int threads)
    {
        var objective = targets.Classes == 0 ? "objective=regression metric=l2"
            : targets.Classes == 2 ? "objective=binary metric=binary_logloss"
            : $"objective=multiclass metric=multi_logloss num_class={targets.Classes}";

        // Without column-wise histograms LightGBM times both ways of building them and takes the faster: not reproducible.
        return string.Create(CultureInfo.InvariantCulture, $"""
            {objective} learning_rate={options.LearningRate} num_leaves={options.Leaves} min_data_in_leaf={options.MinimumRowsPerLeaf}
             lambda_l2={options.L2} feature_fraction={options.FeatureShare} bagging_fraction={options.RowShare} bagging_freq={(options.RowShare < 1 ? 1 : 0)}
             seed={options.Seed} num_threads={threads} deterministic=true force_col_wise=true feature_pre_filter=false verbosity=-1
            """).ReplaceLineEndings("");
    }

    private static string Text<T>(T value) => string.Create(CultureInfo.InvariantCulture, $"{value}");
}

/// <summary>Raw scores by the trees themselves, on the features as the trainer saw them.</summary>
internal static class TreeScores
{
    public static Func<FeatureRows, double[]> Of(TreeEnsemble trees) => features =>
    {
        var row = new float[features.Width];
        var wide = new double[features.Width];
        var scores = new double[features.Rows * trees.Outputs];
        for (var r = 0; r < features.Rows; r++)
        {
            features.Fill(r, 1, row);
            for (var i = 0; i < row.Length; i++)
            {
                wide[i] = row[i];
            }

            trees.Score(wide).CopyTo(scores, r * trees.Outputs);
        }

        return scores;
    };
}

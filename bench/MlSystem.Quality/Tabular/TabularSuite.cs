using MlSystem.Contracts;
using MlSystem.Quality.Suites;
using MlSystem.Training.Tabular;

namespace MlSystem.Quality.Tabular;

/// <summary>The tabular trainers with no option given, held against tuned references.</summary>
internal sealed class TabularSuite : IQualitySuite
{
    private const int Rotations = 5;

    public string Name => "tabular";

    public string Protocol => "Bucket = h32(\"{set}:{row}\") mod 5; one bucket is held out, the rest is trained on with no option given, so that every choice "
        + "is made on inner folds; mean over five rotations, diamonds bucket 0 alone. References: tuned scikit-learn and xgboost models.";

    public async Task<IReadOnlyList<QualityRow>> RunAsync(SuiteContext context, CancellationToken cancellation)
    {
        var rows = new List<QualityRow>();
        var churn = TabularSet.Of("wa_churn", await context.Data.WaChurnAsync(cancellation), "churn", ModelTask.BinaryClassification);
        Binary(context, churn, (.8440, .4189), (.8471, .4145), rows, cancellation);
        var credit = TabularSet.Of("credit_data", await context.Data.CreditDataAsync(cancellation), "Status", ModelTask.BinaryClassification);
        Binary(context, credit, (.8392, .4337), (.8461, .4271), rows, cancellation);
        var ames = TabularSet.Of("ames", await context.Data.AmesAsync(cancellation), "Sale_Price", ModelTask.Regression);
        Regression(context, ames, Rotations, (30_395, 23_425), 1.05, rows, cancellation);
        var diamonds = TabularSet.Of("diamonds", await context.Data.DiamondsAsync(cancellation), "price", ModelTask.Regression);
        Regression(context, diamonds, 1, (1_136, 541.5), 1.03, rows, cancellation);
        return rows;
    }

    private static void Binary(SuiteContext context, TabularSet set, (double Auc, double Loss) linear, (double Auc, double Loss) trees, List<QualityRow> rows, CancellationToken cancellation)
    {
        foreach (var algorithm in Algorithms)
        {
            var metrics = Mean(context, set, algorithm, Rotations, cancellation);
            var isLinear = algorithm == TabularAlgorithm.Linear;
            var reference = isLinear ? linear : trees;
            rows.Add(new QualityRow(set.Name, algorithm, "auc", metrics["auc"], reference.Auc, Bar.AtLeast(reference.Auc - (isLinear ? .001 : .005))));
            rows.Add(new QualityRow(set.Name, algorithm, "log_loss", metrics["log_loss"], reference.Loss, isLinear ? null : Bar.AtMost(1.02 * reference.Loss)));
        }
    }

    private static void Regression(SuiteContext context, TabularSet set, int rotations, (double Linear, double Trees) reference, double share, List<QualityRow> rows, CancellationToken cancellation)
    {
        foreach (var algorithm in Algorithms)
        {
            var isLinear = algorithm == TabularAlgorithm.Linear;
            var known = isLinear ? reference.Linear : reference.Trees;
            var bar = algorithm == TabularAlgorithm.LightGbm ? Bar.AtMost(share * known) : null;
            rows.Add(new QualityRow(set.Name, algorithm, "rmse", Mean(context, set, algorithm, rotations, cancellation)["rmse"], known, bar));
        }
    }

    private static string[] Algorithms => [TabularAlgorithm.Linear, TabularAlgorithm.LightGbm, TabularAlgorithm.FastTree];

    private static Dictionary<string, double> Mean(SuiteContext context, TabularSet set, string algorithm, int rotations, CancellationToken cancellation)
    {
        var all = new List<IReadOnlyDictionary<string, double>>();
        for (var held = 0; held < Math.Min(rotations, context.Folds ?? rotations); held++)
        {
            var (train, test) = set.Split(held);
            using var model = TabularTrainer.Train(train, null, new TabularOptions { Algorithm = algorithm }, cancellation: cancellation);
            all.Add(TabularMetrics.Evaluate(test, model.Predict(test, cancellation)));
            context.Log($"{set.Name} {algorithm} bucket {held}: {string.Join(", ", all[^1].Select(m => FormattableString.Invariant($"{m.Key} {m.Value:G5}")))} "
                + $"({string.Join(" ", model.Parameters.Where(p => p.Key is "iterations" or "leaves" or "l2" or "target_transform" or "steps").Select(p => $"{p.Key}={p.Value}"))})");
        }

        return all[0].Keys.ToDictionary(k => k, k => all.Average(m => m[k]), StringComparer.Ordinal);
    }
}

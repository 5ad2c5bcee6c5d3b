using MlSystem.Contracts;
using MlSystem.Training.Tabular;

namespace MlSystem.Training.Tests.Tabular;

/// <summary>The algorithms on the real telco churn rows that the sample ships.</summary>
public sealed class ChurnModelTests(ITestOutputHelper output)
{
    private static readonly string[] Numbers = ["female", "senior_citizen", "partner", "dependents", "tenure", "phone_service", "paperless_billing", "monthly_charges", "total_charges"];

    [Theory]
    [InlineData(TabularAlgorithm.LightGbm, 0.845)]
    [InlineData(TabularAlgorithm.FastTree, 0.84)]
    [InlineData(TabularAlgorithm.Linear, 0.84)]
    public void Mean_held_out_auc_over_five_splits_is_good(string algorithm, double least)
    {
        var frame = Frame();
        var aucs = Enumerable.Range(0, 5).Select(seed =>
        {
            var rows = Enumerable.Range(0, frame.Rows).ToArray();
            new Random(seed).Shuffle(rows);
            var (fit, validation, test) = (rows[..(frame.Rows * 65 / 100)], rows[(frame.Rows * 65 / 100)..(frame.Rows * 80 / 100)], rows[(frame.Rows * 80 / 100)..]);
            using var model = TabularTrainer.Train(frame.Select(fit), frame.Select(validation), new TabularOptions { Algorithm = algorithm, Seed = seed }, cancellation: TestContext.Current.CancellationToken);
            var held = frame.Select(test);
            return TabularMetrics.Evaluate(held, model.Predict(held, TestContext.Current.CancellationToken))["auc"];
        }).ToList();
        output.WriteLine($"{algorithm}: {string.Join(" ", aucs.Select(a => $"{a:F4}"))}, mean {aucs.Average():F4}");
        Assert.InRange(aucs.Average(), least, 1);
        Assert.All(aucs, a => Assert.InRange(a, 0.825, 1));
    }

    private static TabularFrame Frame()
    {
        var lines = File.ReadAllLines(Sample());
        var names = lines[0].Split(',');
        var cells = lines.Skip(1).Select(l => l.Split(',')).ToArray();
        var columns = names.Index().ToDictionary(n => n.Item, n => (IReadOnlyList<string?>)[.. cells.Select(c => c[n.Index])]);
        var schema = new TabularSchema
        {
            Task = ModelTask.BinaryClassification,
            Classes = ["No", "Yes"],
            Columns = [.. names.Where(n => n is not ("customer_id" or "event_timestamp" or "churn")).Select(n => new TabularColumn(n, Numbers.Contains(n) ? TabularColumnKind.Numeric : TabularColumnKind.Categorical) { Nullable = n == "total_charges" })],
        };
        return TabularFrame.Parse(schema, columns, "churn");
    }

    private static string Sample()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "MlSystem.sln")))
        {
            folder = Path.GetDirectoryName(folder.TrimEnd(Path.DirectorySeparatorChar)) ?? throw new FileNotFoundException("MlSystem.sln is in no folder above the tests.");
        }

        return Path.Combine(folder, "samples", "churn", "churn.csv");
    }
}

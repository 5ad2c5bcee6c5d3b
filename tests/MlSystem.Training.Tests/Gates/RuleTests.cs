using Microsoft.Extensions.Time.Testing;
using MlSystem.Contracts;
using MlSystem.Training.Data;
using MlSystem.Training.Gates;
using MlSystem.Training.Gates.Rules;
using MlSystem.Training.Tabular;

namespace MlSystem.Training.Tests.Gates;

public sealed class RuleTests
{
    [Fact]
    public void Thresholds_name_every_breach_and_a_bound_itself_passes()
    {
        Assert.Empty(ThresholdRule.Breaches("auc", 0.8, 0.8, 0.8));
        Assert.Equal(["auc 0.8 is below 0.9"], ThresholdRule.Breaches("auc", 0.8, 0.9, null));
        Assert.Equal(["log_loss 0.5 is above 0.4"], ThresholdRule.Breaches("log_loss", 0.5, null, 0.4));
        Assert.Single(ThresholdRule.Breaches("auc", double.NaN, 0, null));
    }

    [Theory]
    [InlineData(GateMethod.PairedZ, "log_loss")]
    [InlineData(GateMethod.Bootstrap, "log_loss")]
    [InlineData(GateMethod.McNemar, "error_rate")]
    [InlineData(GateMethod.DeLong, "auc")]
    public void Only_a_significantly_worse_model_is_refused(string method, string quantity)
    {
        var spec = new ChampionSpec { Tests = [new ChampionTestSpec { Method = method }] };
        var (good, bad) = (Model(noise: 0.3), Model(noise: 1.6));
        var (result, reason) = Assert.Single(ChampionRule.Judge(spec, bad, good, 7));
        Assert.Equal((method, quantity, 400, false), (result!.Method, result.Quantity, result.Rows, result.Passed));
        Assert.True(result.Difference > 0 && result.PValue < 0.05, $"{result}");
        Assert.Contains("version 7's on the same rows", reason, StringComparison.Ordinal);
        Assert.Null(Assert.Single(ChampionRule.Judge(spec, good, bad, 7)).Reason);
        Assert.Null(Assert.Single(ChampionRule.Judge(spec, good, good, 7)).Reason);
    }

    [Fact]
    public void Non_inferiority_needs_proof_that_the_model_is_no_worse_than_the_margin()
    {
        // Too little is known of 40 rows to exclude a worse model, although it is not significantly worse.
        var (own, theirs) = (Model(noise: 1.6, rows: 40), Model(noise: 1.6, rows: 40, seed: 12));
        Assert.Null(Assert.Single(ChampionRule.Judge(new ChampionSpec { Tests = [new() { Method = GateMethod.DeLong }] }, own, theirs, 1)).Reason);
        var (result, reason) = Assert.Single(ChampionRule.Judge(new ChampionSpec { Tests = [new() { Method = GateMethod.DeLong, Margin = 0.001 }] }, own, theirs, 1));
        Assert.True(result!.UpperBound > 0.001);
        Assert.Contains("more than the margin", reason, StringComparison.Ordinal);
        Assert.Null(Assert.Single(ChampionRule.Judge(new ChampionSpec { Tests = [new() { Method = GateMethod.DeLong, Margin = 0.9 }] }, own, theirs, 1)).Reason);
    }

    [Fact]
    public void A_metric_that_the_rows_do_not_define_refuses_the_comparison()
    {
        var one = new TabularScoredRows(ModelTask.BinaryClassification, ["No", "No"], Predictions([0.1f, 0.2f]));
        Assert.Contains("do not define auc", Assert.Single(ChampionRule.Judge(new ChampionSpec { Tests = [new() { Method = GateMethod.DeLong }] }, one, one, 1)).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Slices_are_judged_by_value_and_range_with_a_least_number_of_rows()
    {
        var rows = new RowTable([("plan", ["a", "a", "a", "b", "b", ""]), ("age", ["1", "5", "9", "10", "", "30"])]);
        Assert.Equal(["plan missing", "plan = a", "plan = b"], SliceRule.Slices(new SliceSpec { Column = "plan", Metric = "accuracy" }, rows).Select(s => s.Name));
        var ranges = SliceRule.Slices(new SliceSpec { Column = "age", Metric = "accuracy", Ranges = [5, 10] }, rows).ToList();
        Assert.Equal(["age < 5", "5 <= age < 10", "age >= 10"], ranges.Select(s => s.Name));
        Assert.Equal([[0], [1, 2], [3, 5]], ranges.Select(s => s.Rows));

        string[] labels = ["No", "No", "No", "Yes", "Yes", "Yes"];
        var own = new TabularScoredRows(ModelTask.BinaryClassification, labels, Predictions([0.1f, 0.9f, 0.9f, 0.9f, 0.9f, 0.9f]));
        var theirs = new TabularScoredRows(ModelTask.BinaryClassification, labels, Predictions([0.1f, 0.1f, 0.9f, 0.9f, 0.1f, 0.9f]));
        var judged = SliceRule.Judge(new SliceSpec { Column = "plan", Metric = "accuracy", Min = 0.5, MaxWorse = 0.1, MinRows = 2 }, rows, own, theirs, 4).ToList();
        Assert.Equal(["too_few_rows", "refused", "passed"], judged.Select(j => j.Result.Verdict));
        Assert.Equal(2, judged[1].Reasons.Count);
        Assert.Contains("accuracy of plan = a is 0.333333, version 4's 0.666667: worse by more than 0.1", judged[1].Reasons);
        Assert.Equal((1, 0.5), (judged[2].Result.Value, judged[2].Result.Champion));
        Assert.Equal("undefined", SliceRule.Judge(new SliceSpec { Column = "plan", Values = ["a"], Metric = "auc", Min = 0.5, MinRows = 2 }, rows, own, null, null).Single().Result.Verdict);
    }

    [Fact]
    public void Signatures_are_compared_by_what_callers_notice()
    {
        var old = Signature(Column("age", "FP32", true), Column("plan", "BYTES", true));
        Assert.True(Judge(SignaturePolicy.Same, old, old).Result.Passed);
        var added = Signature(Column("age", "FP32", true), Column("plan", "BYTES", true), Column("new", "FP32", true));
        Assert.True(Judge(SignaturePolicy.AddedInputs, added, old).Result.Passed);
        Assert.Contains("input 'new' (FP32) is added", Judge(SignaturePolicy.Same, added, old).Reason, StringComparison.Ordinal);
        var changed = Signature(Column("age", "FP64", false));
        var (result, reason) = Judge(SignaturePolicy.AddedInputs, changed, old);
        Assert.Equal(["input 'age' was FP32 and is FP64", "input 'age' may no longer be missing", "input 'plan' is removed"], result.Differences);
        Assert.Contains("policy added_inputs", reason, StringComparison.Ordinal);
        Assert.True(Judge(SignaturePolicy.Any, changed, old).Result.Passed);
        var classes = old with { Outputs = [old.Outputs[0] with { Categories = ["Yes", "No"] }] };
        Assert.Contains("another order", Judge(SignaturePolicy.Same, classes, old).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Latency_is_that_of_the_quickest_round_and_ends_with_the_first_that_is_quick_enough()
    {
        var time = new FakeTimeProvider();
        var rows = new RowTable([("x", ["1", "2"])]);
        var call = 0;
        var noisy = LatencyProbe.Measure(new LatencySpec { MaxP99Ms = 2, Calls = 100, Rounds = 5 }, rows, _ => time.Advance(TimeSpan.FromMilliseconds(++call <= 250 ? 9 : 1)), time, CancellationToken.None);
        Assert.True(noisy.Passed);
        Assert.Equal((1, 1, 100), (noisy.P99Ms, noisy.P50Ms, noisy.Calls));
        Assert.Equal([9, 9, 1], noisy.RoundsP99Ms);
        var slow = LatencyProbe.Measure(new LatencySpec { MaxP99Ms = 2, Calls = 100, Rounds = 3 }, rows, _ => time.Advance(TimeSpan.FromMilliseconds(3)), time, CancellationToken.None);
        Assert.False(slow.Passed);
        Assert.Equal(3, slow.RoundsP99Ms.Count);
        Assert.Contains("takes 3 ms at the 99th percentile in the quickest of 3 rounds, more than 2 ms", LatencyProbe.Reason(slow), StringComparison.Ordinal);
    }

    private static (SignatureResult Result, string? Reason) Judge(string policy, ModelSignature now, ModelSignature old) => SignatureRule.Judge(policy, now, old, 3);

    private static ModelSignature Signature(params TensorSpec[] inputs) => new()
    {
        Task = ModelTask.BinaryClassification,
        Inputs = inputs,
        Outputs = [new TensorSpec { Name = "label", Datatype = "BYTES", Shape = [-1], Categories = ["No", "Yes"] }],
    };

    private static TensorSpec Column(string name, string datatype, bool nullable) => new() { Name = name, Datatype = datatype, Shape = [-1, 1], Nullable = nullable };

    /// <summary>Predictions that know the label but for noise; the same rows and draws for every noise.</summary>
    private static TabularScoredRows Model(double noise, int rows = 400, int seed = 11)
    {
        var random = new Random(seed);
        string[] labels = [.. Enumerable.Range(0, rows).Select(i => i % 3 == 0 ? "Yes" : "No")];
        return new TabularScoredRows(ModelTask.BinaryClassification, labels, Predictions(
            [.. labels.Select(l => (float)(1 / (1 + Math.Exp(-((l == "Yes" ? 1.5 : -1.5) + (4 * noise * (random.NextDouble() - 0.5)))))))]));
    }

    private static TabularPredictions Predictions(float[] yes) => new()
    {
        Classes = ["No", "Yes"],
        Labels = [.. yes.Select(p => p > 0.5 ? "Yes" : "No")],
        Probabilities = [.. yes.SelectMany(p => new[] { 1 - p, p })],
    };
}

using BenchmarkDotNet.Running;
using MlSystem.Benchmarks.Allocations;
using MlSystem.Benchmarks.EventLog;
using MlSystem.Benchmarks.Explanations;
using MlSystem.Benchmarks.FeaturesAggregates;
using MlSystem.Benchmarks.FeaturesJoin;
using MlSystem.Benchmarks.FeaturesMaterialize;
using MlSystem.Benchmarks.FeaturesOnline;
using MlSystem.Benchmarks.InProcess;
using MlSystem.Benchmarks.LearnersOnline;
using MlSystem.Benchmarks.Orchestration;
using MlSystem.Benchmarks.PredictionLog;
using MlSystem.Benchmarks.Recommend;
using MlSystem.Benchmarks.Registry;

// `eventlog`, `predictionlog`, `explain`, `features-aggregates`, `features-join`, `features-materialize`, `features-online`, `inprocess`, `online`, `orchestration`, `recommend`, `registry` and `allocations` compare in interleaved rounds; anything else goes to BenchmarkDotNet (`--list flat`, `--filter '*Name*'`).
return args switch
{
    ["eventlog", .. var rest] => await EventLogComparison.RunAsync(rest),
    ["predictionlog", .. var rest] => await PredictionLogComparison.RunAsync(rest),
    ["explain", .. var rest] => await ExplainComparison.RunAsync(rest),
    ["recommend", .. var rest] => await RecommendComparison.RunAsync(rest),
    ["online", .. var rest] => await LearnerComparison.RunAsync(rest),
    ["orchestration", .. var rest] => await OrchestrationComparison.RunAsync(rest),
    ["registry", .. var rest] => await RegistryComparison.RunAsync(rest),
    ["features-aggregates", .. var rest] => await FeaturesAggregatesComparison.RunAsync(rest),
    ["features-join", .. var rest] => await FeaturesJoinComparison.RunAsync(rest),
    [JoinBaselines.DuckDbCommand, var labels, var features, var result] => JoinBaselines.DuckDb(labels, features, result),
    ["features-online", .. var rest] => await OnlineComparison.RunAsync(rest),
    [BareEndpoint.Command, var port, var redis] => await BareEndpoint.RunAsync(int.Parse(port, System.Globalization.CultureInfo.InvariantCulture), redis),
    ["features-materialize", .. var rest] => await FeaturesMaterializeComparison.RunAsync(rest),
    ["inprocess", .. var rest] => await InProcessComparison.RunAsync(rest),
    ["allocations", .. var rest] => await AllocationComparison.RunAsync(rest),
    _ => BenchmarkSwitcher.FromAssembly(typeof(EventLogComparison).Assembly).Run(args).Any(summary => summary.HasCriticalValidationErrors) ? 1 : 0,
};

using BenchmarkDotNet.Running;
using MlSystem.Benchmarks.EventLog;
using MlSystem.Benchmarks.Explanations;
using MlSystem.Benchmarks.PredictionLog;

// `eventlog`, `predictionlog` and `explain` compare in interleaved rounds; anything else goes to BenchmarkDotNet (`--list flat`, `--filter '*Name*'`).
return args switch
{
    ["eventlog", .. var rest] => await EventLogComparison.RunAsync(rest),
    ["predictionlog", .. var rest] => await PredictionLogComparison.RunAsync(rest),
    ["explain", .. var rest] => await ExplainComparison.RunAsync(rest),
    _ => BenchmarkSwitcher.FromAssembly(typeof(EventLogComparison).Assembly).Run(args).Any(summary => summary.HasCriticalValidationErrors) ? 1 : 0,
};

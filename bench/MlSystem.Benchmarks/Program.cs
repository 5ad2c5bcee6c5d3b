using BenchmarkDotNet.Running;
using MlSystem.Benchmarks.EventLog;

// `eventlog` compares stores in interleaved rounds; anything else goes to BenchmarkDotNet (`--list flat`, `--filter '*Name*'`).
return args switch
{
    ["eventlog", .. var rest] => await EventLogComparison.RunAsync(rest),
    _ => BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args).Any(summary => summary.HasCriticalValidationErrors) ? 1 : 0,
};

using MlSystem.Training.Steps;

namespace MlSystem.Training.Pipelines.Reading;

/// <summary>Section <c>execution</c>: how runs are carried out.</summary>
internal static class ExecutionReader
{
    private const double Week = 7 * 24 * 3600;

    public static ExecutionSpec Read(Section? section)
    {
        if (section is null)
        {
            return new ExecutionSpec();
        }

        var steps = section.Object("steps");
        var spec = new ExecutionSpec
        {
            Cache = section.Flag("cache") ?? false,
            Concurrency = (int)(section.Integer("concurrency", 1, 64) ?? 1),
            TimeoutSeconds = Seconds(section, "timeout_seconds"),
            Attempts = (int?)section.Integer("attempts", 1, 1000),
            RetryDelaySeconds = Seconds(section, "retry_delay_seconds"),
            MaxRetryDelaySeconds = Seconds(section, "max_retry_delay_seconds"),
            KeepDays = section.Number("keep_days", v => v is > 0 and <= 36_500, "above 0 and at most 36500"),
            Executor = section.Object("executor") is { } executor ? ExecutorReader.Read(executor) : null,
            Steps = steps is null ? new Dictionary<string, StepExecutionSpec>() : steps.Keys().ToDictionary(key => key, key => ReadStep(steps.RequiredObject(key)), StringComparer.Ordinal),
        };
        foreach (var unknown in spec.Steps.Keys.Except(StepNames.All, StringComparer.Ordinal))
        {
            section.Error($"steps.{unknown}", $"is no step; steps are {string.Join(", ", StepNames.All)}");
        }

        if (spec.RetryDelaySeconds > spec.MaxRetryDelaySeconds)
        {
            section.Error("retry_delay_seconds", "must not exceed max_retry_delay_seconds");
        }

        section.RefuseUnknown();
        return spec;
    }

    private static StepExecutionSpec ReadStep(Section section)
    {
        var spec = new StepExecutionSpec
        {
            Cache = section.Flag("cache"),
            TimeoutSeconds = Seconds(section, "timeout_seconds"),
            Attempts = (int?)section.Integer("attempts", 1, 1000),
            Executor = section.Object("executor") is { } executor ? ExecutorReader.Read(executor) : null,
        };
        section.RefuseUnknown();
        return spec;
    }

    private static double? Seconds(Section section, string key) => section.Number(key, v => v is > 0 and <= Week, "above 0 and at most 604800 seconds (a week)");
}

using MlSystem.Training.Pipelines;

namespace MlSystem.Training.Exports;

/// <summary>What an exported file must tell its reader: what it does not hold, and what it needs.</summary>
internal static class ExportNotes
{
    /// <param name="isScheduled">Whether a schedule of the pipeline is in the file.</param>
    public static IEnumerable<string> Of(ExportPlan plan, Func<TriggerSpec, bool> isScheduled)
    {
        yield return "Steps hand each other files on the volume claim, which all their pods mount: it must allow that (ReadWriteMany, or one node).";
        foreach (var trigger in plan.Triggers.Where(t => !isScheduled(t)))
        {
            yield return trigger.Kind == TriggerKind.Cron
                ? $"NOT EXPORTED: schedule '{trigger.Name}' ({trigger.Cron}, {trigger.TimeZone}) has no form here: only Unix cron expressions have, for Airflow of one time zone."
                : $"NOT EXPORTED: trigger '{trigger.Name}' of kind {trigger.Kind}; only schedules are.";
        }

        foreach (var (name, address) in plan.Environment.Where(e => e.Key.StartsWith("services__", StringComparison.OrdinalIgnoreCase) && Uri.TryCreate(e.Value, UriKind.Absolute, out var uri) && uri.IsLoopback))
        {
            yield return $"CHANGE: {name} is {address}, which no other machine reaches.";
        }
    }
}

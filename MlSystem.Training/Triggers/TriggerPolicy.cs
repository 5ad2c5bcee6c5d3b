using System.Globalization;
using MlSystem.Training.Pipelines;

namespace MlSystem.Training.Triggers;

/// <summary>What is known of a pipeline's runs when a trigger asks for another.</summary>
/// <param name="QueuedRun">A run that waits already.</param>
/// <param name="LastRunAt">When the newest run was asked for.</param>
/// <param name="RunsToday">Runs asked for since midnight UTC.</param>
/// <param name="MinutesToday">Time that today's runs took until now.</param>
internal sealed record PipelineUse(string? QueuedRun, DateTimeOffset? LastRunAt, int RunsToday, double MinutesToday);

/// <summary>Whether a trigger may start a run.</summary>
internal static class TriggerPolicy
{
    /// <summary>Why not, or null.</summary>
    public static string? Refusal(TriggerSpec trigger, bool paused, PipelineUse use, BudgetSpec? budget, DateTimeOffset now)
    {
        if (paused)
        {
            return "the trigger is paused";
        }

        if (use.QueuedRun is { } queued)
        {
            return $"run {queued} waits already";
        }

        if (use.LastRunAt is { } last && trigger.CooldownSeconds > 0 && last.AddSeconds(trigger.CooldownSeconds) is var until && until > now)
        {
            return string.Create(CultureInfo.InvariantCulture, $"cool-down until {until.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}");
        }

        if (budget?.RunsPerDay is { } runs && use.RunsToday >= runs)
        {
            return string.Create(CultureInfo.InvariantCulture, $"the budget of {runs} runs a day is used up");
        }

        return budget?.MinutesPerDay is { } minutes && use.MinutesToday >= minutes
            ? string.Create(CultureInfo.InvariantCulture, $"the budget of {minutes} minutes a day is used up ({use.MinutesToday:0.#})")
            : null;
    }
}

using System.Text.Json;
using MlSystem.Contracts;
using MlSystem.Training.Storage;

namespace MlSystem.Training.Runs;

/// <summary>Writes what happened to a run together with the change itself: for watchers of the run, and for other services through the outbox.</summary>
internal static class RunJournal
{
    /// <summary>Adds the event that belongs to <see cref="RunRow.LastEvent"/>.</summary>
    public static void Write(TrainingContext context, RunRow run, string type, RunProgress progress) =>
        context.RunEvents.Add(new RunEventRow
        {
            RunId = run.Id,
            Sequence = run.LastEvent,
            Type = type,
            Data = JsonSerializer.Serialize(progress, TrainingJson.Default.RunProgress),
        });

    /// <summary>Sets the state and tells of it. The run's other fields must be set before.</summary>
    public static void Move(TrainingContext context, RunRow run, string state, DateTimeOffset now, string? message = null)
    {
        if (!RunState.Transitions[run.State].Contains(state))
        {
            throw new InvalidOperationException($"A run cannot go from {run.State} to {state}.");
        }

        run.State = state;
        Created(context, run, now, message);
    }

    /// <summary>Tells of a run's present state.</summary>
    public static void Created(TrainingContext context, RunRow run, DateTimeOffset now, string? message = null)
    {
        Write(context, run, RunEventType.State, new RunProgress
        {
            RunId = run.Id,
            Time = now,
            State = run.State,
            Step = run.FailedStep,
            Percentage = run.State == RunState.Succeeded ? 100 : null,
            Message = message ?? run.Error,
        });
        context.Outbox.Add(Event(run, now));
    }

    private static OutboxRow Event(RunRow run, DateTimeOffset now) => new()
    {
        EventId = $"{run.Id}/{run.LastEvent.ToString(System.Globalization.CultureInfo.InvariantCulture)}",
        Topic = Topics.Runs,
        Key = run.Id,
        Type = EventTypes.Run,
        Time = now,
        Payload = JsonSerializer.Serialize(
            new RunEvent
            {
                RunId = run.Id,
                Pipeline = run.Pipeline,
                State = run.State,
                Trigger = new RunTrigger { Kind = run.TriggerKind, Evidence = run.TriggerEvidence },
                Model = run.Model,
                Version = run.ModelVersion,
                Error = run.Error,
                Time = now,
            },
            ContractsJson.Default.RunEvent),
    };
}

/// <summary>The body of a run's server-sent event.</summary>
public sealed record RunProgress
{
    public required string RunId { get; init; }

    public required DateTimeOffset Time { get; init; }

    /// <summary>The run's state.</summary>
    public required string State { get; init; }

    public string? Step { get; init; }

    /// <summary>One of <see cref="Runs.StepState"/>.</summary>
    public string? StepState { get; init; }

    public int? Attempt { get; init; }

    /// <summary>Of the whole run, 0 to 100.</summary>
    public double? Percentage { get; init; }

    /// <summary>Estimated time to the end of the run; absent while there is nothing to estimate from.</summary>
    public double? RemainingSeconds { get; init; }

    /// <summary>Why, when something failed.</summary>
    public string? Message { get; init; }
}

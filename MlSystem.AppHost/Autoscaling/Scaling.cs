namespace MlSystem.AppHost.Autoscaling;

/// <summary>How far and on what signals a service scales: the one source of every target's autoscale rules.</summary>
internal sealed record Scaling
{
    /// <summary>At least 1: nothing scales to zero, a first request would wait for a model to load.</summary>
    public int MinReplicas { get; init; } = 1;

    /// <summary>At least <see cref="MinReplicas"/>; equal to it where a service keeps state that it does not share.</summary>
    public int MaxReplicas { get; init; } = 1;

    /// <summary>Requests in flight that one replica should have at most, or null.</summary>
    public int? ConcurrentRequests { get; init; }

    /// <summary>Average CPU use to hold, percent of the requested CPU (1 to 100), or null.</summary>
    public int? CpuPercent { get; init; }

    /// <summary>A consumer group's backlog, or null.</summary>
    public QueueLag? Queue { get; init; }

    /// <summary>How long demand must be low before replicas go; 0 s to 1 h (Kubernetes' limit).</summary>
    public TimeSpan CoolDown { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Times at which more replicas are wanted whatever the other signals say.</summary>
    public IReadOnlyList<ScheduledReplicas> Schedule { get; init; } = [];

    /// <summary>There is nothing to scale.</summary>
    public bool IsFixed => MinReplicas == MaxReplicas;

    /// <summary>Everything that is out of range; empty when the value can be used.</summary>
    public IEnumerable<string> Mistakes()
    {
        if (MinReplicas < 1)
        {
            yield return $"MinReplicas is {MinReplicas}, at least 1 is needed";
        }

        if (MaxReplicas < MinReplicas)
        {
            yield return $"MaxReplicas is {MaxReplicas}, less than MinReplicas {MinReplicas}";
        }

        if (CpuPercent is < 1 or > 100)
        {
            yield return $"CpuPercent is {CpuPercent}, allowed are 1 to 100";
        }

        if (ConcurrentRequests < 1)
        {
            yield return $"ConcurrentRequests is {ConcurrentRequests}, at least 1 is needed";
        }

        if (Queue is { LagPerReplica: < 1 })
        {
            yield return $"LagPerReplica is {Queue.LagPerReplica}, at least 1 is needed";
        }

        if (CoolDown < TimeSpan.Zero || CoolDown > TimeSpan.FromHours(1))
        {
            yield return $"CoolDown is {CoolDown}, allowed are 0 s to 1 h";
        }

        foreach (var times in Schedule.Where(times => times.Replicas < 1 || times.Replicas > MaxReplicas))
        {
            yield return $"the schedule wants {times.Replicas} replicas, allowed are 1 to MaxReplicas {MaxReplicas}";
        }

        if (!IsFixed && CpuPercent is null && ConcurrentRequests is null && Queue is null && Schedule.Count == 0)
        {
            yield return "no signal is given to scale on";
        }
    }
}

/// <summary>Scales by the events that a consumer group has not handled yet.</summary>
/// <param name="Group">Consumer group of the service.</param>
/// <param name="LagPerReplica">Events of backlog that one replica should have at most.</param>
internal sealed record QueueLag(string Topic, string Group, int LagPerReplica);

/// <summary>Replicas wanted from one time to another.</summary>
/// <param name="Start">Cron expression of five fields.</param>
/// <param name="End">Cron expression of five fields.</param>
/// <param name="TimeZone">IANA name.</param>
internal sealed record ScheduledReplicas(string Start, string End, int Replicas, string TimeZone = "Etc/UTC");

namespace MlSystem.Inference.Batching;

/// <summary>
/// How long a run of an adaptive endpoint waits for further rows. A run of n rows takes a + b · n (<see cref="LatencyModel"/>); with
/// λ rows a second for each instance, instances that run n rows at a time are busy for λ · (a + b · n) / n of the time. While that is
/// low with single rows nobody waits. Else a run waits for the fewest rows with which it is low again, or for as many as there may be.
/// </summary>
public static class DelayRule
{
    /// <summary>Share of the time that instances may be busy before runs wait for more rows.</summary>
    public const double BusyShare = 0.7;

    /// <summary>Share of a row's time that must be saved for a wait to be worth it.</summary>
    private const double WorthwhileSaving = 0.1;

    /// <summary>Timers count whole milliseconds and come up to one later.</summary>
    private const double TimerSeconds = 0.001;

    /// <param name="rowsPerSecond">Rows that come.</param>
    /// <param name="mostUnderWay">Most rows that were under way at once: more will not come while these wait for their answers.</param>
    /// <param name="instances">Runs at once.</param>
    /// <param name="runSeconds">Seconds that a run may take so that the objective holds; a wait may take as long.</param>
    /// <param name="maxRows">Most rows of a run.</param>
    public static QueueDelay Choose(LatencyModel latency, double rowsPerSecond, long mostUnderWay, int instances, double runSeconds, int maxRows)
    {
        var (fixedSeconds, one) = (latency.Seconds(0), latency.Seconds(1));
        var each = rowsPerSecond / instances;
        if (!latency.IsKnown || each * one <= BusyShare || runSeconds <= TimerSeconds)
        {
            return QueueDelay.None;
        }

        var arriving = 1 + (rowsPerSecond * (runSeconds - TimerSeconds));
        var most = Math.Min(maxRows, Math.Min((double)((mostUnderWay + instances - 1) / instances), arriving));

        // λ · (a + b · n) / n ≤ share, where any n gets there.
        var spare = BusyShare - (each * (one - fixedSeconds));
        var rows = (int)Math.Min(spare > 0 ? Math.Ceiling(each * fixedSeconds / spare) : most, most);
        return rows < 2 || latency.Seconds(rows) / rows > (1 - WorthwhileSaving) * one
            ? QueueDelay.None
            : new QueueDelay(rows, (rows - 1) / rowsPerSecond);
    }
}

/// <summary>What a run waits for.</summary>
/// <param name="Rows">It begins as soon as so many wait.</param>
/// <param name="Seconds">Or when the oldest has waited so long.</param>
public sealed record QueueDelay(int Rows, double Seconds)
{
    /// <summary>A run takes what waits.</summary>
    public static QueueDelay None { get; } = new(1, 0);
}

using MlSystem.Training.Tuning.Scheduling;
using MlSystem.Training.Tuning.Search;

namespace MlSystem.Training.Tuning;

/// <summary>Runs trials until the scheduler, the sampler or the time limit ends the search. What is decided and what comes out is in the journal first.</summary>
internal sealed class TuningSearch(TuningSpec spec, TrialBook book, TrialJournal journal, Func<IReadOnlyList<double>, int, CancellationToken, (double? Value, string? Error)> run, TimeProvider time)
{
    private readonly ISampler _sampler = TuningSpace.Sampler(spec);
    private readonly IScheduler _scheduler = TuningSpace.Scheduler(spec);
    private readonly MedianStopping? _median = spec.MedianStopping is { } median ? new MedianStopping(median.WarmUpTrials, median.WarmUpCheckpoints) : null;
    private readonly Dictionary<Task<Outcome>, int> _running = [];

    /// <param name="told">Called after each checkpoint.</param>
    public async Task RunAsync(Func<Trial, Task> told, CancellationToken cancellationToken)
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            while (true)
            {
                while (_running.Count < spec.ParallelTrials && Next() is { } next)
                {
                    var point = book.Trials[next.Trial].Point;
                    _running.Add(Task.Run(() => Work(next, point, stopping.Token), stopping.Token), next.Trial);
                }

                if (_running.Count == 0)
                {
                    return;
                }

                var done = await Task.WhenAny(_running.Keys);
                _running.Remove(done);
                Finish(await done);
                await told(book.Trials[(await done).Assignment.Trial]);
            }
        }
        finally
        {
            // Nobody goes on training for a search that is over.
            await stopping.CancelAsync();
            await Task.WhenAll(_running.Keys).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    private Assignment? Next()
    {
        if (spec.TimeLimitSeconds is { } limit && book.Started is { } started && time.GetUtcNow() - started >= TimeSpan.FromSeconds(limit))
        {
            return null;
        }

        var running = _running.Values.ToHashSet();
        if (book.Trials.FirstOrDefault(t => t is { Values.Count: 0, Stopped: false } && !running.Contains(t.Number)) is { } begun)
        {
            // It was under way when the search was killed.
            return new Assignment(begun.Number, begun.FirstRung, begun.Bracket);
        }

        if (_scheduler.Next(book.Records(running)) is not { } next)
        {
            return null;
        }

        if (next.Trial == book.Trials.Count)
        {
            if (_sampler.Propose(next.Trial, book.Observations()) is not { } point)
            {
                return null;
            }

            Write(new TrialEvent(next.Trial, time.GetUtcNow()) { Point = point, Bracket = next.Bracket, Rung = next.Rung });
        }

        return next;
    }

    private Outcome Work(Assignment assignment, IReadOnlyList<double> point, CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        var (value, error) = run(point, assignment.Rung, cancellationToken);
        return new Outcome(assignment, value, error, time.GetElapsedTime(start).TotalSeconds);
    }

    private void Finish(Outcome outcome)
    {
        var number = outcome.Assignment.Trial;
        Write(new TrialEvent(number, time.GetUtcNow()) { Rung = outcome.Assignment.Rung, Value = outcome.Value, Error = outcome.Error, Seconds = Math.Round(outcome.Seconds, 3) });
        if (book.Trials[number].Values.Count < TuningSpace.Checkpoints(spec) && _median?.Stops(Losses(book.Trials[number]), book.Trials.Where(t => t.Number != number).Select(Losses)) == true)
        {
            Write(new TrialEvent(number, time.GetUtcNow()) { Stopped = true });
        }
    }

    private IReadOnlyList<double> Losses(Trial trial) => [.. trial.Values.Select(book.Loss)];

    private void Write(TrialEvent entry)
    {
        journal.Append(entry);
        book.Apply(entry);
    }

    private sealed record Outcome(Assignment Assignment, double? Value, string? Error, double Seconds);
}

using MlSystem.ServiceDefaults.EventLog;
using MlSystem.Training.Clients;
using MlSystem.Training.Learners.Definitions;
using MlSystem.Training.Learners.Models;
using MlSystem.Training.Learners.Snapshots;
using MlSystem.Training.Learners.Storage;

namespace MlSystem.Training.Learners.Sessions;

/// <summary>One learner while this process owns it: reads, learns, and stores weights together with offsets.</summary>
internal sealed class LearnerSession(
    LearnerVault vault, LearnerLeases leases, IEventLog log, RegistryClient registry, LearnerLease lease, LearnerDefinition definition, TimeSpan poll, TimeProvider time)
{
    private readonly JoinBuffer _join = new(lease.Id, definition.Source.JoinRows, TimeSpan.FromHours(definition.Source.JoinHours));
    private LearnerProgress _progress = new();
    private Consumption _consumption = null!;

    /// <summary>Learns until the learner is paused, changed or lost, or the service stops.</summary>
    /// <exception cref="LearnerLostException">The lease is another's.</exception>
    /// <exception cref="LearnerDivergedException">The model's predictions are not finite; what was stored before stands.</exception>
    /// <exception cref="InvalidDataException">Stored or registered weights do not fit the definition.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await LoadAsync(cancellationToken);
        if (!await ObeyAsync(cancellationToken))
        {
            return;
        }

        await using var feed = new LearnerFeed(log, definition, lease.Id, _consumption, _join, time);
        try
        {
            await LearnAsync(feed, cancellationToken);
        }
        finally
        {
            if (cancellationToken.IsCancellationRequested && _consumption.Unsaved > 0)
            {
                // Stopping: what was learnt since the last checkpoint need not be learnt again.
                await SaveAsync(feed, keep: null, rolledBack: null, CancellationToken.None);
            }
        }
    }

    private async Task LoadAsync(CancellationToken cancellationToken)
    {
        var (state, progress, pending) = await vault.LoadAsync(lease.Id, cancellationToken);
        _consumption = new Consumption(definition, state, progress);
        _progress = progress;
        _join.Load(pending);
        if (state is null && definition.WarmStart is { } warm)
        {
            _consumption.Learner.DeserializeModel(await registry.DownloadAsync(warm.Model, warm.Version, SnapshotFiles.Weights, cancellationToken));
        }
    }

    private async Task LearnAsync(LearnerFeed feed, CancellationToken cancellationToken)
    {
        var (saved, beaten) = (time.GetTimestamp(), time.GetTimestamp());
        while (true)
        {
            await feed.ReadAsync(Slice(), cancellationToken);
            var due = _consumption.Unsaved >= definition.Checkpoint.Events || time.GetElapsedTime(saved).TotalSeconds >= definition.Checkpoint.Seconds;
            if (due && _consumption.Unsaved > 0)
            {
                await SaveAsync(feed, SnapshotDue() ? definition.Snapshots!.Keep : null, rolledBack: null, cancellationToken);
                (saved, beaten) = (time.GetTimestamp(), time.GetTimestamp());
            }

            saved = due ? time.GetTimestamp() : saved;
            if (time.GetElapsedTime(beaten) >= poll)
            {
                beaten = time.GetTimestamp();
                if (!await ObeyAsync(cancellationToken, feed))
                {
                    return;
                }
            }
        }
    }

    /// <summary>Does what was asked for since the last look.</summary>
    /// <returns>Whether the learner goes on learning.</returns>
    private async Task<bool> ObeyAsync(CancellationToken cancellationToken, LearnerFeed? feed = null)
    {
        var record = await leases.BeatAsync(lease, cancellationToken);
        if (record.Rollback is { } number)
        {
            await RollBackAsync(number, feed, cancellationToken);
        }

        var stops = record.State != LearnerState.Running;
        if (record.SnapshotRequested || (stops && _consumption.Unsaved > 0))
        {
            await SaveAsync(feed, record.SnapshotRequested ? definition.Snapshots?.Keep ?? new LearnerSnapshots { Model = definition.Name }.Keep : null, rolledBack: null, cancellationToken);
        }

        return !stops;
    }

    /// <summary>Takes back the weights of a snapshot; offsets and metrics go on, so that no event counts twice.</summary>
    private async Task RollBackAsync(int number, LearnerFeed? feed, CancellationToken cancellationToken)
    {
        if (await vault.SnapshotDataAsync(lease.Id, number, cancellationToken) is { } data)
        {
            var then = new OnlineLearner(definition);
            then.Deserialize(data);
            _consumption.Learner.DeserializeModel(then.SerializeModel());
        }

        await SaveAsync(feed, keep: null, number, cancellationToken);
    }

    private async Task SaveAsync(LearnerFeed? feed, int? keep, int? rolledBack, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        _progress = _consumption.Progress(_progress, _join.Waiting, now);
        if (keep is not null)
        {
            _progress = _progress with { SnapshotRows = _progress.Rows, SnapshotAt = now };
        }

        await vault.SaveAsync(lease, _consumption.Learner.Serialize(), _progress, _join, keep, rolledBack, cancellationToken);
        _consumption.Saved();
        _join.Saved();
        if (feed is not null)
        {
            await feed.CommitAsync(cancellationToken);
        }
    }

    private bool SnapshotDue() => definition.Snapshots is { } snapshots && _consumption.Learner.Metrics.Rows is var rows && rows > _progress.SnapshotRows
        && (rows - _progress.SnapshotRows >= (snapshots.Events ?? long.MaxValue)
            || (snapshots.Seconds is { } seconds && time.GetUtcNow() - (_progress.SnapshotAt ?? DateTimeOffset.MinValue) >= TimeSpan.FromSeconds(seconds)));

    /// <summary>How long to wait for events: no longer than to the next checkpoint or look.</summary>
    private TimeSpan Slice() => TimeSpan.FromSeconds(Math.Min(Math.Min(poll.TotalSeconds, definition.Checkpoint.Seconds), 0.25));
}

using System.Globalization;
using MlSystem.ServiceDefaults.EventLog;
using MlSystem.Training.Learners.Features;
using MlSystem.Training.Learners.Models;
using MlSystem.Training.Learners.Rows;

namespace MlSystem.Training.Learners.Sessions;

/// <summary>A learner with everything that is stored with it: the offsets it has consumed and the rows it refused. Not safe for several threads.</summary>
internal sealed class Consumption
{
    private const int KeptReasons = 5;
    private readonly Dictionary<string, long> _offsets;
    private readonly List<string> _reasons;
    private readonly RowParser _parser;
    private readonly LearnerRow _row;
    private long _rejected;

    public Consumption(Definitions.LearnerDefinition definition, byte[]? state, LearnerProgress progress)
    {
        Learner = new OnlineLearner(definition);
        if (state is not null)
        {
            Learner.Deserialize(state);
        }

        (_parser, _row) = (new RowParser(definition), Learner.NewRow());
        _offsets = new Dictionary<string, long>(progress.Offsets, StringComparer.Ordinal);
        (_rejected, _reasons) = (progress.Rejected, [.. progress.RecentRejections]);
    }

    public OnlineLearner Learner { get; }

    /// <summary>Events whose effect is not stored yet.</summary>
    public int Unsaved { get; private set; }

    /// <summary>Whether an event's effect is not in the weights yet; if so, it is counted as consumed.</summary>
    public bool Advance(string topic, StoredEvent stored)
    {
        var key = string.Create(CultureInfo.InvariantCulture, $"{topic}/{stored.Partition}");
        if (_offsets.TryGetValue(key, out var next) && stored.Offset < next)
        {
            return false;
        }

        _offsets[key] = stored.Offset + 1;
        Unsaved++;
        return true;
    }

    /// <summary>Learns a row, or counts it with the reason why not.</summary>
    /// <param name="where">Names the row in the reason.</param>
    /// <exception cref="LearnerDivergedException">The model's prediction is not finite.</exception>
    public void Take(ReadOnlySpan<byte> json, ReadOnlySpan<byte> label, Func<string> where)
    {
        if (_parser.Parse(json, _row, strict: false, label) is { } error)
        {
            Reject($"{where()}: {error}");
            return;
        }

        Learner.Take(_row);
    }

    public void Reject(string reason)
    {
        _rejected++;
        _reasons.Add(reason);
        if (_reasons.Count > KeptReasons)
        {
            _reasons.RemoveAt(0);
        }
    }

    public LearnerProgress Progress(LearnerProgress before, long waiting, DateTimeOffset now) => before with
    {
        Rows = Learner.Metrics.Rows,
        Rejected = _rejected,
        RecentRejections = [.. _reasons],
        Drifts = Learner.Drifts,
        LastDriftAt = Learner.LastDriftAt,
        Overall = Learner.Metrics.Overall(),
        Window = Learner.Metrics.Windowed(),
        Faded = Learner.Metrics.Faded(),
        Offsets = new SortedDictionary<string, long>(_offsets, StringComparer.Ordinal),
        Waiting = waiting,
        SavedAt = now,
    };

    public void Saved() => Unsaved = 0;
}

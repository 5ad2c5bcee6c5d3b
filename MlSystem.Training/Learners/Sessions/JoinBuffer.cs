using System.Text;
using MlSystem.Training.Learners.Storage;

namespace MlSystem.Training.Learners.Sessions;

/// <summary>
/// Predictions and labels that wait for each other, in whichever order they come; a learnt pair leaves a mark, so that what is
/// logged twice is learnt once. Bounded in number and age. Changes since the last checkpoint are stored with the weights.
/// </summary>
internal sealed class JoinBuffer(string learnerId, int capacity, TimeSpan window)
{
    private readonly Dictionary<string, LearnerPendingRow> _entries = new(StringComparer.Ordinal);
    private readonly Queue<string> _ages = new();
    private readonly HashSet<string> _changed = new(StringComparer.Ordinal);

    /// <summary>Entries that wait for their other half.</summary>
    public long Waiting { get; private set; }

    /// <summary>Ids that were added, changed or removed since the last checkpoint.</summary>
    public IReadOnlyCollection<string> Changed => _changed;

    public IEnumerable<LearnerPendingRow> ChangedEntries => _changed.Select(id => _entries.GetValueOrDefault(id)).OfType<LearnerPendingRow>();

    public void Load(IEnumerable<LearnerPendingRow> rows)
    {
        foreach (var row in rows.OrderBy(r => r.Time).ThenBy(r => r.PredictionId, StringComparer.Ordinal))
        {
            Put(row);
        }

        _changed.Clear();
    }

    /// <returns>The label of this prediction, if it is there: then both are to be learnt.</returns>
    public byte[]? Prediction(string id, string inputs, DateTimeOffset time)
    {
        if (!_entries.TryGetValue(id, out var entry))
        {
            Put(new LearnerPendingRow { LearnerId = learnerId, PredictionId = id, Inputs = inputs, Time = time });
            return null;
        }

        return entry.Label is null ? null : Join(entry, entry.Label);
    }

    /// <returns>The inputs of this label's prediction, if they are there: then both are to be learnt.</returns>
    public byte[]? Label(string id, string label, DateTimeOffset time)
    {
        if (!_entries.TryGetValue(id, out var entry))
        {
            Put(new LearnerPendingRow { LearnerId = learnerId, PredictionId = id, Label = label, Time = time });
            return null;
        }

        return entry.Inputs is null ? null : Join(entry, entry.Inputs);
    }

    /// <summary>Lets go of what is too old or too much.</summary>
    public void Trim(DateTimeOffset now)
    {
        while (_ages.TryPeek(out var oldest) && (_entries.Count > capacity || !_entries.TryGetValue(oldest, out var entry) || entry.Time < now - window))
        {
            _ages.Dequeue();
            if (_entries.Remove(oldest, out var gone))
            {
                Waiting -= IsWaiting(gone) ? 1 : 0;
                _changed.Add(oldest);
            }
        }
    }

    public void Saved() => _changed.Clear();

    private byte[] Join(LearnerPendingRow entry, string other)
    {
        _entries[entry.PredictionId] = new LearnerPendingRow { LearnerId = learnerId, PredictionId = entry.PredictionId, Time = entry.Time };
        _changed.Add(entry.PredictionId);
        Waiting--;
        return Encoding.UTF8.GetBytes(other);
    }

    private void Put(LearnerPendingRow row)
    {
        _entries.Add(row.PredictionId, row);
        _ages.Enqueue(row.PredictionId);
        _changed.Add(row.PredictionId);
        Waiting += IsWaiting(row) ? 1 : 0;
    }

    private static bool IsWaiting(LearnerPendingRow row) => row.Inputs is not null || row.Label is not null;
}

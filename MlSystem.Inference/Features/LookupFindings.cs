using MlSystem.Features.V1;

namespace MlSystem.Inference.Features;

/// <summary>What the looked-up columns of one request say about their values: how old, how many missing, which entities unknown.</summary>
internal sealed class LookupFindings(int rows)
{
    private readonly bool[] _found = new bool[rows];
    private long _oldestMs = long.MaxValue;

    /// <summary>Values that are not present, whatever the reason.</summary>
    public int Missing { get; private set; }

    /// <summary>Rows for which every feature's status was NOT_FOUND.</summary>
    public int EntitiesNotFound => _found.Count(found => !found);

    public void Add(FeatureColumn column)
    {
        for (var row = 0; row < column.Statuses.Count; row++)
        {
            var status = column.Statuses[row];
            Missing += status == FeatureStatus.Present ? 0 : 1;
            _found[row] |= status != FeatureStatus.NotFound;
            if (status == FeatureStatus.Present && row < column.EventTimestampsMs.Count && column.EventTimestampsMs[row] > 0)
            {
                _oldestMs = Math.Min(_oldestMs, column.EventTimestampsMs[row]);
            }
        }
    }

    /// <summary>Seconds since the event time of the oldest value that is present; null when none has a time.</summary>
    public double? AgeSeconds(DateTimeOffset now) =>
        _oldestMs == long.MaxValue ? null : Math.Max(0, (now.ToUnixTimeMilliseconds() - _oldestMs) / 1000.0);
}

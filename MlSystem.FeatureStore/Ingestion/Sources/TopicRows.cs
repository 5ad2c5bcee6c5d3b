using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Quality;
using MlSystem.ServiceDefaults.EventLog;

namespace MlSystem.FeatureStore.Ingestion.Sources;

/// <summary>Makes rows of a view of the events of its topic source.</summary>
public sealed class TopicRows
{
    private readonly FeatureView _view;
    private readonly RowClock _clock;
    private readonly TopicColumns _columns;
    private readonly int[] _keys;
    private readonly int[] _values;
    private readonly int _event;
    private readonly int _created;
    private readonly List<RuleBreach> _breaches = [];

    /// <param name="clock">Event times are compared with when the log took the event.</param>
    public TopicRows(FeatureView view, SourceDefinition source, RowClock clock)
    {
        (_view, _clock, _columns) = (view, clock, new TopicColumns(source, view.IsSensitive));
        _keys = [.. view.JoinKeys.Select(key => _columns.IndexOf(key.Name))];
        _values = [.. view.Features.Select(feature => _columns.IndexOf(feature.Name))];
        _event = _columns.IndexOf(view.Definition.EventTimestampColumn);
        _created = view.Definition.CreatedTimestampColumn is { } created ? _columns.IndexOf(created) : -1;
    }

    /// <summary>Values that rules of the view only warn of, so far.</summary>
    public long Warnings { get; private set; }

    /// <summary>Without a column for it the created time is when the log took the event: the same however often the event is delivered.</summary>
    /// <returns>The row; null with an error, or without one where the filter leaves the event out.</returns>
    public (FeatureRow? Row, string? Error) Read(StoredEvent stored)
    {
        var (values, error) = _columns.Read(stored.Event.Value);
        if (values is null)
        {
            return (null, error);
        }

        if (Array.FindIndex(_keys, key => !values[key].HasValue) is >= 0 and var missing)
        {
            return (null, $"{_view.JoinKeys[missing].Name}: a join key is required");
        }

        if ((values[_event].HasValue ? _clock.Mistake(values[_event].AsInt64, stored.Time) : "a time is required") is { } mistake)
        {
            return (null, $"{_view.Definition.EventTimestampColumn}: {mistake}");
        }

        if (_view.Rules is { } rules)
        {
            _breaches.Clear();
            rules.Add(Array.ConvertAll(_values, value => values[value]), _breaches);
            if (_breaches.FindIndex(breach => breach.Blocks) is >= 0 and var blocked)
            {
                return (null, $"{_breaches[blocked].Feature}: {_breaches[blocked].Message}");
            }

            Warnings += _breaches.Count;
        }

        return (
            new FeatureRow
            {
                View = _view,
                Keys = Array.ConvertAll(_keys, key => values[key]),
                Values = Array.ConvertAll(_values, value => values[value]),
                EventUs = values[_event].AsInt64,
                CreatedUs = _created >= 0 && values[_created].HasValue ? values[_created].AsInt64 : UnixTime.Microseconds(stored.Time),
                Online = _view.Definition.Online,
                Offline = _view.Definition.Offline,
            },
            null);
    }
}

using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Ingestion;
using MlSystem.FeatureStore.Online;
using MlSystem.FeatureStore.Secrets;

namespace MlSystem.FeatureStore.Consistency;

/// <summary>Compares what online served with what a join gives. Where both have no valid value (none, null, expired) they agree.</summary>
internal sealed class ReadComparison(FeatureView view, SaltedHash hash)
{
    private const int MaxExamples = 20;
    private readonly Dictionary<string, long> _reasons = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (long Values, long Different)> _features = new(StringComparer.Ordinal);
    private readonly List<DifferentValue> _examples = [];

    public ViewConsistency Result(long rows, long leftOut)
    {
        var (values, different) = (_features.Values.Sum(feature => feature.Values), _features.Values.Sum(feature => feature.Different));
        return new ViewConsistency(
            view.Name, rows, leftOut, values, different, Share(different, values), _reasons,
            [.. _features.OrderBy(feature => feature.Key, StringComparer.Ordinal).Select(feature => new FeatureConsistency(feature.Key, feature.Value.Values, feature.Value.Different, Share(feature.Value.Different, feature.Value.Values)))],
            _examples);
    }

    public void Add(LoggedRead read, JoinedRow joined)
    {
        var expired = joined.EventUs is { } us && view.Ttl is { } ttl && read.ReadUs - us > UnixTime.Microseconds(ttl);
        for (var i = 0; i < read.Features.Count; i++)
        {
            var name = read.Features[i];
            var index = view.IndexOf(name);
            var online = read.Statuses[i] == (int)OnlineStatus.Present ? read.Values[i]?.GetRawText() : null;
            var offline = index < 0 || expired || !joined.Values[index].HasValue ? null : Text(view.Features[index], joined.Values[index]);
            var count = _features.GetValueOrDefault(name);
            _features[name] = (count.Values + 1, count.Different + (online == offline ? 0 : 1));
            if (online != offline)
            {
                var reason = Reason(read, joined, expired, expiredOnline: read.Statuses[i] == (int)OnlineStatus.OutsideMaxAge);
                _reasons[reason] = _reasons.GetValueOrDefault(reason) + 1;
                AddExample(read, joined, name, reason, online, offline);
            }
        }
    }

    private static double Share(long part, long all) => all == 0 ? 0 : (double)part / all;

    private string Reason(LoggedRead read, JoinedRow joined, bool expired, bool expiredOnline) =>
        read.Version != view.Version ? Difference.DefinitionChanged
        : joined.EventUs is not null && joined.LoggedUs > read.ReadUs ? Difference.LateRow
        : read.EventUs is { } online && (joined.EventUs is null || joined.EventUs < online) ? joined.HasOnlineRow ? Difference.OnlineOnly : Difference.MissingOffline
        : joined.EventUs is { } offline && (read.EventUs is null || read.EventUs < offline) ? joined.MeantOnline ? Difference.StaleOnline : Difference.NotMaterialized
        : expired != expiredOnline ? Difference.Expired
        : Difference.ValueDiffers;

    private void AddExample(LoggedRead read, JoinedRow joined, string feature, string reason, string? online, string? offline)
    {
        if (_examples.Count >= MaxExamples)
        {
            return;
        }

        var sensitive = view.IsSensitive(feature);
        _examples.Add(new DifferentValue(
            feature, reason, UnixTime.FromMicroseconds(read.ReadUs), [.. view.JoinKeys.Zip(read.Keys, (key, text) => view.IsSensitive(key.Name) ? null : text)],
            sensitive ? null : online, sensitive ? null : offline, Time(read.EventUs), Time(joined.EventUs)));
    }

    private string Text(Field feature, in FeatureValue value) =>
        ValueText.Of(feature.Datatype, value) is var json && view.IsSensitive(feature.Name) ? $"\"{hash.Of(json)}\"" : json;

    private static DateTimeOffset? Time(long? us) => us is { } value ? UnixTime.FromMicroseconds(value) : null;
}

using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Ingestion;
using MlSystem.FeatureStore.Streams;

namespace MlSystem.FeatureStore.Tests.Streams;

/// <summary>The rules of docs/features/aggregates.md by brute force: all events are kept, every value is computed anew from those that count.</summary>
internal sealed class StreamOracle(StreamPlan plan)
{
    private const long SecondUs = 1_000_000;
    private readonly StreamFeatureViewDefinition _view = plan.Stream.Definition;
    private readonly List<(StreamEvent Event, HashSet<WindowDefinition> In)> _events = [];
    private bool _live;

    public long ClockUs { get; private set; } = long.MinValue / 8;

    public long Late { get; private set; }

    private long DelayUs => (long)(_view.WatermarkDelaySeconds * SecondUs);

    public void Take(StreamEvent e)
    {
        if (e.EventUs > e.LoggedUs + (3600 * SecondUs))
        {
            return;
        }

        ClockUs = Math.Max(ClockUs, _live ? e.LoggedUs : Math.Min(e.EventUs, e.LoggedUs));
        if (!_live && e.LoggedUs - ClockUs <= Math.Max(DelayUs, 10 * SecondUs))
        {
            (_live, ClockUs) = (true, Math.Max(ClockUs, e.LoggedUs));
        }

        var windows = plan.Stream.Features.Select(feature => feature.Window).ToHashSet();
        var counts = windows.Where(window => FirstEnd(window, e.EventUs) + (long)(_view.AllowedLatenessSeconds * SecondUs) > ClockUs - DelayUs).ToHashSet();
        Late += counts.Count < windows.Count ? 1 : 0;
        _events.Add((e, counts));
    }

    public void Advance(long clockUs, long nowUs)
    {
        ClockUs = Math.Max(ClockUs, clockUs);
        _live |= nowUs - ClockUs <= Math.Max(DelayUs, 10 * SecondUs);
    }

    public string[] Values(string user) => [.. plan.Stream.Features.Select(feature => Value(feature, user))];

    public static string Text(FeatureValue value, Datatype datatype) => !value.HasValue ? "null"
        : datatype == Datatype.Bytes ? value.Text!
        : datatype == Datatype.Fp64 ? value.AsFp64.ToString("R", System.Globalization.CultureInfo.InvariantCulture)
        : value.AsInt64.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private static long PaneUs(WindowDefinition window) => window.Type switch
    {
        WindowType.Sliding => ((window.SizeSeconds * SecondUs / 60) + 999) / 1000 * 1000,
        WindowType.Hopping => window.HopSeconds!.Value * SecondUs,
        _ => window.SizeSeconds * SecondUs,
    };

    private static long PaneEnd(WindowDefinition window, long us) => ((long)Math.Floor((double)us / PaneUs(window)) + 1) * PaneUs(window);

    private static long FirstEnd(WindowDefinition window, long us) => window.Type == WindowType.Sliding ? us + 1 : PaneEnd(window, us);

    private bool IsIn(WindowDefinition window, long us)
    {
        var (end, size) = (PaneEnd(window, us), window.SizeSeconds * SecondUs);
        if (window.Type == WindowType.Sliding)
        {
            return end + size > ClockUs;
        }

        var complete = (long)Math.Floor((double)(ClockUs - DelayUs) / PaneUs(window)) * PaneUs(window);
        return end <= complete && end > complete - size;
    }

    private string Value(StreamFeature feature, string user)
    {
        var column = feature.Column is { } named ? plan.Columns.IndexOf(named.Name) : -1;
        StreamEvent[] events = [.. _events.Where(e => e.Event.Entity == user && e.In.Contains(feature.Window) && IsIn(feature.Window, e.Event.EventUs))
            .Select(e => e.Event).Where(e => column < 0 || e.Values[column].HasValue)];
        var numbers = feature.Column?.Datatype == Datatype.Int64 ? events.Select(e => e.Values[column].AsInt64).Order().ToArray() : [];
        var value = feature.Aggregation.Function switch
        {
            AggregationFunction.Count => FeatureValue.Of((long)events.Length),
            AggregationFunction.Sum => FeatureValue.Of(numbers.Sum()),
            AggregationFunction.Distinct => FeatureValue.Of((long)events.Select(e => e.Values[column].Text).Distinct().Count()),
            _ when events.Length == 0 => FeatureValue.Missing,
            AggregationFunction.Mean => FeatureValue.Of((double)numbers.Sum() / numbers.Length),
            AggregationFunction.Min => FeatureValue.Of(numbers[0]),
            AggregationFunction.Max => FeatureValue.Of(numbers[^1]),
            AggregationFunction.Last => events.OrderBy(e => e.EventUs).ThenBy(e => e.Offset).Last().Values[column],
            _ => FeatureValue.Of((double)numbers[(int)(feature.Aggregation.Quantile!.Value * (numbers.Length - 1))]),
        };
        return Text(value, feature.Datatype);
    }
}

using MlSystem.FeatureStore.Definitions;

namespace MlSystem.FeatureStore.Streams.Windows;

/// <summary>A window and how it is cut into panes: pane i has the event times from i × <see cref="PaneUs"/> on, before (i + 1) × <see cref="PaneUs"/>. Times are microseconds.</summary>
/// <param name="WatermarkDelayUs">How far the watermark is behind the clock.</param>
public sealed record WindowSpec(bool IsSliding, long SizeUs, long PaneUs, long WatermarkDelayUs)
{
    /// <summary>A sliding window's start moves in steps of a sixtieth of its size.</summary>
    public const int SlidingPanes = 60;

    private const long SecondUs = 1_000_000;
    private const long MillisecondUs = 1_000;

    public static WindowSpec Of(WindowDefinition window, double watermarkDelaySeconds)
    {
        var size = window.SizeSeconds * SecondUs;
        var sliding = window.Type == WindowType.Sliding;
        var pane = window.Type switch
        {
            WindowType.Sliding => RoundUp((size + SlidingPanes - 1) / SlidingPanes),
            WindowType.Hopping => window.HopSeconds!.Value * SecondUs,
            _ => size,
        };
        return new WindowSpec(sliding, size, pane, (long)(watermarkDelaySeconds * SecondUs));
    }

    public long PaneOf(long eventUs) => FloorDivide(eventUs, PaneUs);

    public long EndOf(long pane) => (pane + 1) * PaneUs;

    /// <summary>The end of the last complete window when the clock shows a time; not for sliding windows.</summary>
    public long CompleteAt(long clockUs) => FloorDivide(clockUs - WatermarkDelayUs, PaneUs) * PaneUs;

    /// <summary>Whether the first window that an event belongs to is behind the watermark by the allowed lateness.</summary>
    public bool IsLate(long eventUs, long watermarkUs, long latenessUs) =>
        IsSliding ? eventUs + latenessUs < watermarkUs : EndOf(PaneOf(eventUs)) + latenessUs <= watermarkUs;

    /// <summary>Whether no window to come has the pane, when the clock shows a time.</summary>
    public bool IsGone(long pane, long clockUs) => IsSliding ? EndOf(pane) + SizeUs <= clockUs : EndOf(pane) <= CompleteAt(clockUs) - SizeUs;

    /// <summary>Whether the window that is shown has the pane.</summary>
    public bool IsShown(long pane, long clockUs) => IsSliding || EndOf(pane) <= CompleteAt(clockUs);

    /// <summary>When the clock gets there, the pane leaves.</summary>
    public long LeavesAt(long pane) => EndOf(pane) + SizeUs + (IsSliding ? 0 : WatermarkDelayUs);

    /// <summary>When the clock gets there, the first window with the pane is complete; not for sliding windows.</summary>
    public long CompletesAt(long pane) => EndOf(pane) + WatermarkDelayUs;

    public static long FloorDivide(long value, long divisor) => value >= 0 ? value / divisor : ((value + 1) / divisor) - 1;

    private static long RoundUp(long microseconds) => (microseconds + MillisecondUs - 1) / MillisecondUs * MillisecondUs;
}

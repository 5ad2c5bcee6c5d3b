using System.Collections.Concurrent;
using System.Diagnostics;
using MlSystem.Inference.Tracing;

namespace MlSystem.Inference.Tests.Tracing;

/// <summary>Keeps the ended spans of the source, of all servers in the process: those of a test are found by its trace.</summary>
internal sealed class SpanRecorder : IDisposable
{
    private readonly ConcurrentQueue<Activity> _ended = new();
    private readonly ActivityListener _listener;

    public SpanRecorder()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = static source => source.Name == RequestTrace.SourceName,
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = _ended.Enqueue,
        };
        ActivitySource.AddActivityListener(_listener);
    }

    public IReadOnlyList<Activity> Of(ActivityContext caller) => [.. _ended.Where(span => span.TraceId == caller.TraceId)];

    public IReadOnlyList<Activity> LinkedTo(IEnumerable<Activity> spans) =>
        [.. _ended.Where(span => span.Links.Any(link => spans.Any(other => other.Context.SpanId == link.Context.SpanId)))];

    public static ActivityContext NewCaller() => new(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), ActivityTraceFlags.Recorded);

    public static string Header(ActivityContext caller) => $"00-{caller.TraceId}-{caller.SpanId}-01";

    public void Dispose() => _listener.Dispose();
}

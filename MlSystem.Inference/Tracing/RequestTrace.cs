using System.Diagnostics;
using MlSystem.Inference.Policies;
using MlSystem.Inference.Prediction;

namespace MlSystem.Inference.Tracing;

/// <summary>
/// The spans of one request: <c>infer</c>, and below it <c>features</c>, <c>queue</c> and <c>compute</c>. Where nobody listens there is no span, and
/// a request pays for one look whether anybody does. Times are those of the injected time provider, as in metrics and log.
/// </summary>
public static class RequestTrace
{
    /// <summary>The source's name, which telemetry picks up.</summary>
    public const string SourceName = "MlSystem.Inference";

    public static ActivitySource Source { get; } = new(SourceName);

    /// <summary>
    /// Begins <c>infer</c>, below the server's own span of the HTTP request where it made one, else below the caller's <c>traceparent</c>.
    /// </summary>
    public static Activity? Begin(string endpoint, CallerKeys caller, TimeProvider time)
    {
        if (!Source.HasListeners())
        {
            return null;
        }

        var (kind, parent) = Activity.Current is { } server ? (ActivityKind.Internal, server.Context) : (ActivityKind.Server, caller.TraceContext);
        return Source.StartActivity("infer", kind, parent, startTime: time.GetUtcNow())?.SetTag("endpoint", endpoint);
    }

    /// <summary>The look-up, below <c>infer</c>; nothing where the request is not traced, as of a shadow's.</summary>
    public static Activity? BeginFeatures(TimeProvider time) =>
        Activity.Current is { } parent && Source.HasListeners() ? Source.StartActivity("features", ActivityKind.Internal, parent.Context, startTime: time.GetUtcNow()) : null;

    /// <summary>Writes <c>queue</c> and <c>compute</c> down once the run is over: what was measured for the metrics is all there is to tell.</summary>
    public static void Ran(InferenceCall call, Fault? fault, TimeProvider time)
    {
        if (call.Trace is not { IsAllDataRequested: true } trace || call.RunStarted == 0)
        {
            return;
        }

        Child(trace, "queue", At(call, call.FeaturesRead, time), At(call, call.RunStarted, time), null);
        if (call.RunEnded > call.RunStarted)
        {
            Child(trace, "compute", At(call, call.RunStarted, time), At(call, call.RunEnded, time), fault);
        }
    }

    /// <summary>Ends <c>infer</c> of an answered or failed call.</summary>
    public static void End(InferenceCall call, Fault? fault, TimeProvider time)
    {
        if (call.Trace is not { } trace)
        {
            return;
        }

        var key = call.Variant.Version.Key;
        trace.SetTag("model", key.Model).SetTag("version", key.Version).SetTag("variant", call.Variant.Name)
            .SetTag("rows", call.Rows).SetTag("request_id", call.RequestId);
        if (call.FromCache)
        {
            trace.SetTag("cache_hit", true);
        }

        End(trace, fault, At(call, time.GetTimestamp(), time));
    }

    /// <summary>Ends a span now.</summary>
    public static void End(Activity? span, Fault? fault, TimeProvider time)
    {
        if (span is not null)
        {
            End(span, fault, time.GetUtcNow());
        }
    }

    private static void Child(Activity parent, string name, DateTimeOffset from, DateTimeOffset to, Fault? fault)
    {
        if (Source.StartActivity(name, ActivityKind.Internal, parent.Context, startTime: from) is { } child)
        {
            End(child, fault, to);
        }
    }

    /// <summary>Ends a span; what is the caller's mistake is no error of the server's.</summary>
    private static void End(Activity span, Fault? fault, DateTimeOffset at)
    {
        if (fault is not null)
        {
            span.SetTag("error.type", fault.Kind.ToString());
            if (fault.Kind is not (FaultKind.InvalidArgument or FaultKind.NotFound or FaultKind.TooLarge or FaultKind.Cancelled))
            {
                span.SetStatus(ActivityStatusCode.Error, fault.Message);
            }
        }

        span.SetEndTime(at.UtcDateTime);
        span.Dispose();
    }

    private static DateTimeOffset At(InferenceCall call, long timestamp, TimeProvider time) => call.Time + time.GetElapsedTime(call.Started, timestamp);
}

using System.Diagnostics;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Options;
using MlSystem.Inference.Admission;
using MlSystem.Inference.Batching;
using MlSystem.Inference.Features;
using MlSystem.Inference.Metrics;
using MlSystem.Inference.Policies;
using MlSystem.Inference.PredictionLog;
using MlSystem.Inference.Routing;
using MlSystem.Inference.Shadowing;
using MlSystem.Inference.Tracing;

namespace MlSystem.Inference.Prediction;

/// <summary>
/// The way of a request, in order: <see cref="BeginAsync"/> admits and routes; the protocol adapter reads the inputs;
/// <see cref="RunAsync"/> completes them, waits for its turn and runs the model; the adapter writes the outputs;
/// <see cref="Succeed"/> or <see cref="Fail"/> counts, logs and lets go. REST and gRPC both go this way.
/// </summary>
public sealed partial class Predictor(
    GateKeeper gates, Router router, InputChoice inputs, FeatureLookup features, ShadowMirror shadows, PredictionLogger log, IOptions<BatchingOptions> batching, TimeProvider time,
    ILogger<Predictor> logger)
{
    /// <summary>Admits a request and chooses its variant.</summary>
    /// <param name="version">Null or empty lets the endpoint choose.</param>
    /// <param name="caller">By which a sticky policy may choose.</param>
    public async ValueTask<Begun> BeginAsync(string endpoint, string? version, CallerKeys caller, CancellationToken cancellationToken)
    {
        var trace = RequestTrace.Begin(endpoint, caller, time);
        if (gates.TryEnter() is { } full)
        {
            RequestTrace.End(trace, full, time);
            return new Begun(null, full);
        }

        var routed = default(Routed);
        try
        {
            routed = await router.RouteAsync(endpoint, version, caller, cancellationToken);
        }
        finally
        {
            if (routed.Variant is null)
            {
                gates.Leave();
                RequestTrace.End(trace, routed.Fault ?? Deadline.CallerLeft, time);
            }
        }

        if (routed.Variant is null)
        {
            return new Begun(null, routed.Fault);
        }

        routed.Variant.Statistics.Begin();

        // An answer that is kept needs no place: whether there is one shows only when the inputs are read.
        if (routed.Route!.Gate.IsFull && routed.Route.Cache is null)
        {
            return new Begun(null, RefuseUnread(routed, trace));
        }

        if (!routed.AwaitsInputs)
        {
            routed.Route!.Count(routed.Variant, routed.Reason);
        }

        var now = time.GetUtcNow();
        return new Begun(
            new InferenceCall
            {
                Route = routed.Route!,
                Variant = routed.Variant,
                AwaitsInputs = routed.AwaitsInputs,
                Tensors = routed.AwaitsInputs && routed.Route!.Merged is { } merged ? merged.Rent() : routed.Variant.Version.Runtime.Rent(),
                RequestId = RequestIds.Next(now, routed.Variant.Tag),
                Trace = trace,
                Time = now,
                Started = time.GetTimestamp(),
            },
            null);
    }

    /// <summary>Lets the inputs choose the variant where the policy wants it, looks absent inputs up, waits for the endpoint's turn and runs the model.</summary>
    /// <returns>Why the request was refused; null when the outputs are there.</returns>
    /// <exception cref="InferenceException">Refused; nothing was executed.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<Fault?> RunAsync(InferenceCall call, CancellationToken cancellationToken)
    {
        call.InputsRead = time.GetTimestamp();
        if (call.Trace is not null)
        {
            // For what is called from here; it ends with this method.
            Activity.Current = call.Trace;
        }

        var deadline = new Deadline(time, call.Started, Limit(call), cancellationToken);
        if (call.AwaitsInputs)
        {
            inputs.Settle(call);
        }

        InputCheck.SetRows(call);
        await features.FillAsync(call, deadline);
        call.FeaturesRead = time.GetTimestamp();
        return await (call.Route.Cache is { } cache ? cache.RunAsync(call, deadline, ExecuteAsync) : ExecuteAsync(call, deadline));
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<Fault?> ExecuteAsync(InferenceCall call, Deadline deadline)
    {
        var outcome = await call.Variant.Queue(call.Route, batching.Value).RunAsync(call.Tensors, call.Rows, call.Priority, deadline);
        call.RunStarted = outcome.Started;
        call.RunEnded = outcome.Ended;
        RequestTrace.Ran(call, outcome.Fault, time);
        return outcome.Fault;
    }

    /// <summary>Refuses a request for which the endpoint has no place, before anything of it is read.</summary>
    private Fault RefuseUnread(in Routed routed, Activity? trace)
    {
        var busy = routed.Route!.Gate.Busy;
        routed.Variant!.Statistics.Fail(Reason(busy.Kind), 0);
        gates.Leave();
        RequestTrace.End(trace, busy, time);
        routed.Variant.Version.Release();
        return busy;
    }

    /// <summary>Counts and logs an answered call and lets go of it: its tensors belong to others from here on.</summary>
    public void Succeed(InferenceCall call)
    {
        var ended = time.GetTimestamp();
        call.Latency = time.GetElapsedTime(call.Started, ended);
        var times = new RequestTimes(
            Nanoseconds(call.Started, ended), Nanoseconds(call.FeaturesRead, call.RunStarted), Nanoseconds(call.Started, call.FeaturesRead),
            Nanoseconds(call.RunStarted, call.RunEnded), Nanoseconds(call.RunEnded, ended));
        call.Variant.Statistics.Succeed(times, call.Rows, call.Time.ToUnixTimeMilliseconds(), ran: !call.FromCache);
        gates.Leave();
        RequestTrace.End(call, null, time);
        if (call.Route.Shadows.Count == 0 || call.Variant.Name == Router.Direct || !shadows.TryTake(call))
        {
            log.Log(call);
        }
    }

    /// <summary>Counts a failed call and lets go of it.</summary>
    public void Fail(InferenceCall call, Fault fault)
    {
        if (fault.Kind == FaultKind.ModelFailed)
        {
            LogModelFailed(call.Route.Name, call.Variant.Version.Key.Model, call.Variant.Version.Key.Version, fault.Message);
        }

        call.Variant.Statistics.Fail(Reason(fault.Kind), Nanoseconds(call.Started, time.GetTimestamp()));
        gates.Leave();
        RequestTrace.End(call, fault, time);
        call.Release();
    }

    private TimeSpan Limit(InferenceCall call)
    {
        var endpoint = call.Route.Endpoint;
        var limit = (endpoint.Batching.AllowTimeoutOverride ? call.Timeout : null) ?? gates.Timeout(endpoint.Limits);
        return call.Patience is { } patience && (limit == Timeout.InfiniteTimeSpan || patience < limit) ? patience : limit;
    }

    private static FailureReason Reason(FaultKind kind) => kind switch
    {
        FaultKind.EndpointBusy or FaultKind.ServerBusy => FailureReason.Rejected,
        FaultKind.Cancelled or FaultKind.DeadlineExceeded => FailureReason.Canceled,
        FaultKind.ModelFailed => FailureReason.Backend,
        _ => FailureReason.Other,
    };

    private long Nanoseconds(long from, long to) => time.GetElapsedTime(from, to).Ticks * TimeSpan.NanosecondsPerTick;

    [LoggerMessage(Level = LogLevel.Error, Message = "Endpoint {Endpoint}: {Model} version {Version} failed: {Reason}")]
    private partial void LogModelFailed(string endpoint, string model, int version, string reason);
}

using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Options;
using MlSystem.Inference.Admission;
using MlSystem.Inference.Explanations.Rows;
using MlSystem.Inference.Features;
using MlSystem.Inference.Metrics;
using MlSystem.Inference.Policies;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Routing;

namespace MlSystem.Inference.Explanations;

/// <summary>
/// The way of an explain request, in order: admitted and routed as a prediction is; inputs read by the protocol adapter; absent ones
/// looked up; a place of the endpoint and one of the explanations taken; explained. It is no prediction: neither the prediction log nor
/// the inference counters know of it.
/// </summary>
internal sealed partial class ExplainService : IDisposable
{
    private readonly GateKeeper _gates;
    private readonly Router _router;
    private readonly InputChoice _inputs;
    private readonly FeatureLookup _features;
    private readonly Explainer _explainer;
    private readonly ExplanationOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<ExplainService> _logger;
    private readonly SemaphoreSlim _places;
    private readonly Counter<long> _answered;
    private readonly Histogram<double> _duration;

    public ExplainService(
        GateKeeper gates, Router router, InputChoice inputs, FeatureLookup features, Explainer explainer, IOptions<ExplanationOptions> options, IMeterFactory meters, TimeProvider time, ILogger<ExplainService> logger)
    {
        (_gates, _router, _inputs, _features, _explainer, _options, _time, _logger) = (gates, router, inputs, features, explainer, options.Value, time, logger);
        _places = new SemaphoreSlim(_options.MaxConcurrency);
        var meter = meters.Create(InferenceMetrics.MeterName);
        _answered = meter.CreateCounter<long>("mlsystem_explanations", unit: null, "Explain requests, by model, method and result");
        _duration = meter.CreateHistogram<double>("mlsystem_explanation_duration_seconds", unit: null, "Time of answered explain requests in seconds");
    }

    /// <param name="caller">By which a sticky policy may choose.</param>
    /// <param name="read">Reads the request's inputs into the call and gives its parameters.</param>
    /// <exception cref="InferenceException">Refused.</exception>
    public async Task<(InferenceCall Call, Explanation Explanation)> ExplainAsync(
        string endpoint, string? version, CallerKeys caller, Func<InferenceCall, ExplainParameters> read, CancellationToken cancellationToken)
    {
        var started = _time.GetTimestamp();
        if (_gates.TryEnter() is { } full)
        {
            throw new InferenceException(full);
        }

        var tags = new TagList { { "model", endpoint } };
        try
        {
            var (call, explanation) = await RouteAsync(endpoint, version, caller, read, started, cancellationToken);
            tags.Add("method", explanation.Method);
            _duration.Record(_time.GetElapsedTime(started).TotalSeconds, tags);
            tags.Add("result", "success");
            return (call, explanation);
        }
        catch (InferenceException error)
        {
            tags.Add("result", error.Fault.Kind.ToString());
            throw;
        }
        catch (OperationCanceledException error)
        {
            tags.Add("result", nameof(FaultKind.Cancelled));
            throw new InferenceException(FaultKind.Cancelled, "the caller went away", error);
        }
        catch (Exception error) when (error is not (BadHttpRequestException or Microsoft.AspNetCore.Connections.ConnectionResetException))
        {
            tags.Add("result", nameof(FaultKind.ModelFailed));
            LogUnexpected(error, endpoint);
            throw new InferenceException(FaultKind.ModelFailed, "internal error, see the server's log", error);
        }
        finally
        {
            _gates.Leave();
            _answered.Add(1, tags);
        }
    }

    public void Dispose() => _places.Dispose();

    private async Task<(InferenceCall Call, Explanation Explanation)> RouteAsync(
        string endpoint, string? version, CallerKeys caller, Func<InferenceCall, ExplainParameters> read, long started, CancellationToken cancellationToken)
    {
        var routed = await _router.RouteAsync(endpoint, version, caller, cancellationToken);
        if (routed.Variant is not { } variant)
        {
            throw new InferenceException(routed.Fault!);
        }

        var now = _time.GetUtcNow();
        var call = new InferenceCall
        {
            Route = routed.Route!,
            Variant = variant,
            AwaitsInputs = routed.AwaitsInputs,
            Tensors = routed.AwaitsInputs && routed.Route!.Merged is { } merged ? merged.Rent() : variant.Version.Runtime.Rent(),
            RequestId = RequestIds.Next(now, variant.Tag),
            Time = now,
            Started = started,
        };
        variant.Statistics.Begin();
        try
        {
            return (call, await ExplainAsync(call, read(call).Checked(_options), cancellationToken));
        }
        finally
        {
            // Begun, so that the request is among the pending ones, but neither a success nor a failure of a prediction.
            call.Variant.Statistics.Abandon();
            call.Release();
        }
    }

    private async Task<Explanation> ExplainAsync(InferenceCall call, ExplainParameters parameters, CancellationToken cancellationToken)
    {
        var deadline = new Deadline(_time, call.Started, call.Timeout ?? _gates.Timeout(call.Route.Endpoint.Limits), cancellationToken);
        if (call.AwaitsInputs)
        {
            _inputs.Settle(call);
        }

        InputCheck.SetRows(call);
        if (call.Rows > _options.MaxRows)
        {
            throw InferenceException.Invalid($"the request has {call.Rows} rows, at most {_options.MaxRows} are explained at once");
        }

        await _features.FillAsync(call, deadline);
        if (await deadline.RunAsync(static (gate, token) => gate.EnterAsync(token), call.Route.Gate) is { } busy)
        {
            throw new InferenceException(busy);
        }

        try
        {
            return await ExplainInPlaceAsync(call, parameters, deadline);
        }
        finally
        {
            call.Route.Gate.EndRun();
        }
    }

    private async Task<Explanation> ExplainInPlaceAsync(InferenceCall call, ExplainParameters parameters, Deadline deadline)
    {
        await deadline.RunAsync(static async (places, token) => { await places.WaitAsync(token); return true; }, _places);
        try
        {
            var context = new ExplainContext(call.Variant.Version, RawTable.From(call.Variant.Version.Runtime, call.Tensors, call.Rows), WithOutput(parameters, call), _options, deadline);

            // Seconds of computing belong on another thread than the connection's, and stop at the deadline.
            return await deadline.RunAsync(static async (state, token) => await Task.Run(() => state._explainer.ExplainAsync(state.context, token), token), (_explainer, context));
        }
        finally
        {
            _places.Release();
        }
    }

    /// <summary>A request may name the output as inference requests do.</summary>
    private static ExplainParameters WithOutput(ExplainParameters parameters, InferenceCall call) => call.Requested switch
    {
        null or { Count: 0 } => parameters,
        { Count: 1 } when parameters.Output is null => parameters with { Output = call.Tensors.Outputs[call.Requested[0].Index].Info.Name },
        _ => throw InferenceException.Invalid("one output is explained at a time: name it in outputs or as the parameter output"),
    };

    [LoggerMessage(Level = LogLevel.Error, Message = "Endpoint {Endpoint}: an explanation failed unexpectedly")]
    private partial void LogUnexpected(Exception error, string endpoint);
}

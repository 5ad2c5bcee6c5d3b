using System.Globalization;
using Grpc.Core;
using Microsoft.Extensions.Options;
using MlSystem.Contracts;
using MlSystem.Features.V1;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Tensors;
using MlSystem.Inference.Tracing;

namespace MlSystem.Inference.Features;

/// <summary>Reads the inputs that a request leaves out from the version's feature service: one call for all rows and features.</summary>
public sealed class FeatureLookup(FeatureClient client, FeatureLookupMetrics metrics, IOptions<FeatureOptions> options, TimeProvider time)
{
    private readonly Circuit _circuit = new(options.Value.FailuresBeforeOpen, TimeSpan.FromMilliseconds(options.Value.ProbeMilliseconds), time);

    /// <summary>Completes the call's inputs.</summary>
    /// <exception cref="InferenceException">An absent input is not covered, has no value and needs one, or the feature store can't be asked.</exception>
    public ValueTask FillAsync(InferenceCall call, in Deadline deadline)
    {
        foreach (var input in call.Tensors.Inputs)
        {
            if (!input.IsPresent)
            {
                return new ValueTask(LookUpAsync(call, deadline));
            }
        }

        return ValueTask.CompletedTask;
    }

    private async Task LookUpAsync(InferenceCall call, Deadline deadline)
    {
        var missing = call.Tensors.Inputs.Where(input => !input.IsPresent).ToArray();
        call.LookedUp = missing;
        var names = string.Join(", ", missing.Select(input => $"'{input.Info.Name}'"));
        var lineage = call.Variant.Version.Lineage;
        if (lineage?.FeatureService is null)
        {
            throw InferenceException.Invalid($"absent inputs {names}: the model needs them and this version has no feature service to look them up in");
        }

        var keys = Array.FindAll(call.Tensors.JoinKeys, key => LookupColumns.IsJoinKey(lineage, key.Info.Name));
        var absentKeys = keys.Where(key => !key.IsPresent).Select(key => $"'{key.Info.Name}'").ToArray();
        if (absentKeys.Length > 0 || keys.Length == 0)
        {
            throw InferenceException.Invalid($"absent inputs {names}: send them, or the join key {string.Join(", ", absentKeys)} to look them up in feature service '{lineage.FeatureService}'");
        }

        if (missing.FirstOrDefault(input => !input.Info.IsColumn && !FeatureLists.Fits(input.Info)) is { } notColumn)
        {
            throw InferenceException.Invalid($"absent input '{notColumn.Info.Name}': only columns and lists ([N, K]) can be looked up, its shape is {TensorShape.Text(notColumn.Info.Shape)}");
        }

        var request = new GetOnlineFeaturesRequest { FeatureService = lineage.FeatureService, Version = lineage.FeatureServiceVersion ?? 0 };
        request.JoinKeys.AddRange(keys.Select(FeatureColumns.FromJoinKey));
        request.RequestColumns.AddRange(LookupColumns.Request(call.Tensors, lineage));
        request.Features.AddRange(missing.Select(input => input.Info.Name));
        var (answer, why) = await TraceAsync(request, names, deadline);
        if (answer is not null)
        {
            Fill(call, keys, missing, answer);
            return;
        }

        metrics.CountFailure(call.Route.Name);
        if (call.Route.Endpoint.Features.Unavailable != FeaturePolicy.Default)
        {
            throw InferenceException.Unavailable($"absent inputs {names}: {why}; requests that bring all inputs are served");
        }

        FillUnavailable(call, keys, missing, why!);
    }

    private async Task<(GetOnlineFeaturesResponse? Answer, string? Why)> TraceAsync(GetOnlineFeaturesRequest request, string names, Deadline deadline)
    {
        using var trace = RequestTrace.BeginFeatures(time);
        trace?.SetTag("feature_service", request.FeatureService).SetTag("features", request.Features.Count);
        Fault? fault = null;
        try
        {
            var (answer, why) = await AskAsync(request, names, deadline);
            fault = why is null ? null : new Fault(FaultKind.Unavailable, why);
            return (answer, why);
        }
        catch (InferenceException error)
        {
            fault = error.Fault;
            throw;
        }
        finally
        {
            RequestTrace.End(trace, fault, time);
        }
    }

    /// <returns>The answer, or why the feature store gave none.</returns>
    private async Task<(GetOnlineFeaturesResponse? Answer, string? Why)> AskAsync(GetOnlineFeaturesRequest request, string names, Deadline deadline)
    {
        deadline.Check();
        if (!_circuit.TryEnter())
        {
            return (null, "the feature store can't be asked now (it failed before and is tried again soon)");
        }

        var budget = deadline.Left * options.Value.DeadlineShare;
        try
        {
            var answer = await new Deadline(time, time.GetTimestamp(), budget, deadline.Caller).RunAsync(
                static async (state, token) => await state.client.GetAsync(state.request, token), (client, request));
            _circuit.Succeed();
            return (answer, null);
        }
        catch (RpcException error) when (error.StatusCode is StatusCode.InvalidArgument or StatusCode.NotFound or StatusCode.OutOfRange)
        {
            _circuit.Succeed();
            throw new InferenceException(FaultKind.InvalidArgument, $"absent inputs {names}: {error.Status.Detail}", error);
        }
        catch (RpcException error)
        {
            _circuit.Fail();
            return (null, $"the feature store can't be asked now ({error.StatusCode})");
        }
        catch (InferenceException error) when (error.Fault.Kind == FaultKind.DeadlineExceeded)
        {
            _circuit.Fail();
            return (null, string.Create(CultureInfo.InvariantCulture, $"the feature store can't be asked now (no answer within {budget.TotalMilliseconds:0.###} ms)"));
        }
    }

    private static void FillUnavailable(InferenceCall call, Tensor[] keys, Tensor[] missing, string why)
    {
        var rows = (int)keys[0].Rows;
        var values = new MissingValues(call.Route.Endpoint.Features, keys);
        foreach (var input in missing)
        {
            if (FeatureLists.Fits(input.Info))
            {
                FeatureLists.Empty(input, rows);
                continue;
            }

            Shape(input, rows);
            values.FillUnavailable(input, why);
        }

        call.FeaturesMissing = rows * missing.Length;
        call.FeaturesDefaulted = values.Defaulted;
    }

    private void Fill(InferenceCall call, Tensor[] keys, Tensor[] missing, GetOnlineFeaturesResponse answer)
    {
        var rows = (int)keys[0].Rows;
        var findings = new LookupFindings(rows);
        var values = new MissingValues(call.Route.Endpoint.Features, keys);
        foreach (var input in missing)
        {
            var column = answer.Columns.FirstOrDefault(column => column.Name == input.Info.Name)
                ?? throw InferenceException.Invalid($"absent input '{input.Info.Name}': feature service '{answer.FeatureService}' version {answer.Version} does not cover it");
            if (FeatureLists.Fits(input.Info))
            {
                FeatureLists.Copy(column, input, rows, values);
            }
            else
            {
                Shape(input, rows);
                FeatureColumns.Copy(column, input, values);
            }

            findings.Add(column);
        }

        call.OldestFeatureAgeSeconds = findings.AgeSeconds(time.GetUtcNow());
        call.FeaturesMissing = findings.Missing;
        call.EntitiesNotFound = findings.EntitiesNotFound;
        call.FeaturesDefaulted = values.Defaulted;
        metrics.Count(call.Route.Name, findings);
    }

    private static void Shape(Tensor input, int rows)
    {
        Span<long> shape = [rows, 1];
        TensorShape.Apply(input, shape, available: rows);
    }
}

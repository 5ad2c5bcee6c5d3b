using Grpc.Core;
using MlSystem.Features.V1;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Tensors;

namespace MlSystem.Inference.Features;

/// <summary>Reads the inputs that a request leaves out from the version's feature service: one call for all rows and features.</summary>
public sealed class FeatureLookup(FeatureClient client, FeatureLookupMetrics metrics, TimeProvider time)
{
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
        var names = string.Join(", ", missing.Select(input => $"'{input.Info.Name}'"));
        var lineage = call.Variant.Version.Lineage;
        if (lineage?.FeatureService is null)
        {
            throw InferenceException.Invalid($"absent inputs {names}: the model needs them and this version has no feature service to look them up in");
        }

        var absentKeys = call.Tensors.JoinKeys.Where(key => !key.IsPresent).Select(key => $"'{key.Info.Name}'").ToArray();
        if (absentKeys.Length > 0 || call.Tensors.JoinKeys.Length == 0)
        {
            throw InferenceException.Invalid($"absent inputs {names}: send them, or the join key {string.Join(", ", absentKeys)} to look them up in feature service '{lineage.FeatureService}'");
        }

        if (missing.FirstOrDefault(input => !input.Info.IsColumn) is { } notColumn)
        {
            throw InferenceException.Invalid($"absent input '{notColumn.Info.Name}': only columns can be looked up, its shape is {TensorShape.Text(notColumn.Info.Shape)}");
        }

        var request = new GetOnlineFeaturesRequest { FeatureService = lineage.FeatureService, Version = lineage.FeatureServiceVersion ?? 0 };
        request.JoinKeys.AddRange(call.Tensors.JoinKeys.Select(FeatureColumns.FromJoinKey));
        request.Features.AddRange(missing.Select(input => input.Info.Name));
        var answer = await AskAsync(request, names, deadline);
        Fill(call, missing, answer);
    }

    private async Task<GetOnlineFeaturesResponse> AskAsync(GetOnlineFeaturesRequest request, string names, Deadline deadline)
    {
        deadline.Check();
        try
        {
            return await deadline.RunAsync(
                static async (state, token) => await state.client.GetAsync(state.request, token), (client, request));
        }
        catch (RpcException error) when (error.StatusCode is StatusCode.InvalidArgument or StatusCode.NotFound or StatusCode.OutOfRange)
        {
            throw new InferenceException(FaultKind.InvalidArgument, $"absent inputs {names}: {error.Status.Detail}", error);
        }
        catch (RpcException error)
        {
            throw InferenceException.Unavailable($"absent inputs {names}: the feature store can't be asked now ({error.StatusCode}); requests that bring all inputs are served", error);
        }
    }

    private void Fill(InferenceCall call, Tensor[] missing, GetOnlineFeaturesResponse answer)
    {
        var findings = new LookupFindings((int)call.Tensors.JoinKeys[0].Rows);
        Span<long> shape = [call.Tensors.JoinKeys[0].Rows, 1];
        foreach (var input in missing)
        {
            var column = answer.Columns.FirstOrDefault(column => column.Name == input.Info.Name)
                ?? throw InferenceException.Invalid($"absent input '{input.Info.Name}': feature service '{answer.FeatureService}' version {answer.Version} does not cover it");
            TensorShape.Apply(input, shape, available: shape[0]);
            FeatureColumns.Copy(column, input, call.Tensors.JoinKeys);
            findings.Add(column);
        }

        call.LookedUp = missing;
        call.OldestFeatureAgeSeconds = findings.AgeSeconds(time.GetUtcNow());
        call.FeaturesMissing = findings.Missing;
        call.EntitiesNotFound = findings.EntitiesNotFound;
        metrics.Count(call.Route.Name, findings);
    }
}

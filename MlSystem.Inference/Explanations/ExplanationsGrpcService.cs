using Grpc.Core;
using MlSystem.Inference.Explanations.Rows;
using MlSystem.Inference.Policies;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Protocols.Explain;
using MlSystem.Inference.Protocols.Grpc;
using MlSystem.ServiceDefaults.Telemetry;

namespace MlSystem.Inference.Explanations;

/// <summary>Explanations over gRPC: a service of its own, as the public protocol has no such call.</summary>
[BindServiceMethod(typeof(ExplanationsBinding), nameof(ExplanationsBinding.BindService))]
internal sealed class ExplanationsGrpcService(ExplainService service) : Protocols.Explain.Explanations.ExplanationsBase
{
    public override async Task<ExplainResponse> Explain(ExplainRequest request, ServerCallContext context)
    {
        try
        {
            var infer = request.Request ?? throw InferenceException.Invalid("the request has no inference request");
            var (call, explanation) = await service.ExplainAsync(infer.ModelName, infer.ModelVersion, new CallerKeys(context.GetHttpContext().Request), call => Read(request, call), context.CancellationToken);
            context.GetHttpContext().Response.Headers[RequestId.Header] = call.RequestId;
            return GrpcExplanation.Of(call, explanation);
        }
        catch (InferenceException error)
        {
            throw GrpcFaults.ToRpc(error.Fault);
        }
    }

    private static ExplainParameters Read(ExplainRequest request, InferenceCall call)
    {
        GrpcRequestReader.Read(request.Request, call);
        return new ExplainParameters
        {
            Method = request.Method.Length > 0 ? request.Method : ExplainMethods.Auto,
            Output = Given(request.Output),
            Class = Given(request.Class),
            Scale = Given(request.Scale),
            Samples = request.HasSamples ? request.Samples : null,
            Seed = request.Seed,
            BackgroundSize = request.HasBackgroundSize ? request.BackgroundSize : null,
            Background = request.Background.Count > 0 ? form => Background(request, call, form) : null,
            TopK = request.HasTopK ? request.TopK : null,
            Labels = request.Labels.Count > 0 ? [.. request.Labels] : null,
            Metric = Given(request.Metric),
            Repeats = request.HasRepeats ? request.Repeats : null,
        };
    }

    private static string? Given(string text) => text.Length > 0 ? text : null;

    /// <summary>Reads the background's tensors as those of a request.</summary>
    private static RawTable Background(ExplainRequest request, InferenceCall call, RawTable form)
    {
        var runtime = call.Variant.Version.Runtime;
        var rows = new InferenceCall { Route = call.Route, Variant = call.Variant, Tensors = runtime.Rent(), RequestId = call.RequestId, Time = call.Time, Started = call.Started };
        try
        {
            GrpcRequestReader.Read(new ModelInferRequest { Inputs = { request.Background } }, rows);
            InputCheck.SetRows(rows);
            if (Array.Find(rows.Tensors.Inputs, input => !input.IsPresent) is { } absent)
            {
                throw InferenceException.Invalid($"the input '{absent.Info.Name}' is absent");
            }

            var table = RawTable.From(runtime, rows.Tensors, rows.Rows);
            return table.Inputs.Zip(form.Inputs).All(pair => pair.First.RowShape.SequenceEqual(pair.Second.RowShape))
                ? table
                : throw InferenceException.Invalid("its rows have another shape than those to explain");
        }
        catch (InferenceException error)
        {
            throw new InferenceException(error.Fault.Kind, $"background: {error.Message}", error);
        }
        finally
        {
            runtime.Return(rows.Tensors);
        }
    }
}

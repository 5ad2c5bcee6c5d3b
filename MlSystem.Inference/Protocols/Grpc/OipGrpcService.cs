using System.Reflection;
using Grpc.Core;
using MlSystem.Inference.Policies;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Repository;
using MlSystem.ServiceDefaults.Telemetry;

namespace MlSystem.Inference.Protocols.Grpc;

/// <summary>The Open Inference Protocol v2 over gRPC.</summary>
[BindServiceMethod(typeof(OipBinding), nameof(OipBinding.BindService))]
internal sealed class OipGrpcService(Predictor predictor, ModelRepository models) : GRPCInferenceService.GRPCInferenceServiceBase
{
    public override Task<ServerLiveResponse> ServerLive(ServerLiveRequest request, ServerCallContext context) => Task.FromResult(new ServerLiveResponse { Live = true });

    public override Task<ServerReadyResponse> ServerReady(ServerReadyRequest request, ServerCallContext context) =>
        Task.FromResult(new ServerReadyResponse { Ready = models.IsReady });

    public override Task<ModelReadyResponse> ModelReady(ModelReadyRequest request, ServerCallContext context) =>
        Guard(() => Task.FromResult(new ModelReadyResponse { Ready = models.IsModelReady(request.Name, request.Version) }));

    public override Task<ServerMetadataResponse> ServerMetadata(ServerMetadataRequest request, ServerCallContext context) => Task.FromResult(new ServerMetadataResponse
    {
        Name = ModelRepository.ServerName,
        Version = Assembly.GetExecutingAssembly().GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0",
        Extensions = { ModelRepository.Extensions },
    });

    public override Task<ModelMetadataResponse> ModelMetadata(ModelMetadataRequest request, ServerCallContext context) => Guard(async () =>
    {
        var model = await models.DescribeAsync(request.Name, request.Version, context.CancellationToken);
        return new ModelMetadataResponse
        {
            Name = model.Name,
            Versions = { model.Versions },
            Platform = model.Platform,
            Inputs = { model.Inputs.Select(Tensor) },
            Outputs = { model.Outputs.Select(Tensor) },
            Properties = { new Dictionary<string, string>(model.Properties, StringComparer.Ordinal) },
        };
    });

    public override async Task<ModelInferResponse> ModelInfer(ModelInferRequest request, ServerCallContext context)
    {
        var (response, fault) = await InferAsync(request, context);
        if (response is null)
        {
            throw GrpcFaults.ToRpc(fault!);
        }

        // Not as the call's response headers, which would go out in a packet of their own before the answer.
        context.GetHttpContext().Response.Headers[RequestId.Header] = response.Parameters["request_id"].StringParam;
        return response;
    }

    /// <summary>Answers in the order of the requests; a refused one is told in its place and the stream goes on.</summary>
    public override async Task ModelStreamInfer(
        IAsyncStreamReader<ModelInferRequest> requestStream, IServerStreamWriter<ModelStreamInferResponse> responseStream, ServerCallContext context)
    {
        await foreach (var request in requestStream.ReadAllAsync(context.CancellationToken))
        {
            var (response, fault) = await InferAsync(request, context);
            await responseStream.WriteAsync(
                new ModelStreamInferResponse { InferResponse = response ?? new ModelInferResponse { Id = request.Id, ModelName = request.ModelName }, ErrorMessage = fault?.Message ?? "" },
                context.CancellationToken);
        }
    }

    public override Task<ModelStatisticsResponse> ModelStatistics(ModelStatisticsRequest request, ServerCallContext context) => Guard(() =>
        Task.FromResult(new ModelStatisticsResponse { ModelStats = { models.Statistics(request.Name, request.Version).Select(GrpcStatistics.Of) } }));

    public override Task<RepositoryIndexResponse> RepositoryIndex(RepositoryIndexRequest request, ServerCallContext context) => Task.FromResult(new RepositoryIndexResponse
    {
        Models =
        {
            models.Index(request.Ready).Select(entry => new RepositoryIndexResponse.Types.ModelIndex { Name = entry.Name, Version = entry.Version, State = entry.State, Reason = entry.Reason }),
        },
    });

    public override Task<RepositoryModelLoadResponse> RepositoryModelLoad(RepositoryModelLoadRequest request, ServerCallContext context) => Guard(async () =>
    {
        RefuseParameters(request.Parameters.Keys, []);
        await models.LoadAsync(request.ModelName, context.CancellationToken);
        return new RepositoryModelLoadResponse();
    });

    public override Task<RepositoryModelUnloadResponse> RepositoryModelUnload(RepositoryModelUnloadRequest request, ServerCallContext context) => Guard(async () =>
    {
        RefuseParameters(request.Parameters.Keys, ["unload_dependents"]);
        await models.UnloadAsync(request.ModelName, context.CancellationToken);
        return new RepositoryModelUnloadResponse();
    });

    private async Task<(ModelInferResponse? Response, Fault? Fault)> InferAsync(ModelInferRequest request, ServerCallContext context)
    {
        var cancellationToken = context.CancellationToken;
        var begun = await predictor.BeginAsync(request.ModelName, request.ModelVersion, new CallerKeys(context.GetHttpContext().Request), cancellationToken);
        if (begun.Call is not { } call)
        {
            return (null, begun.Fault);
        }

        try
        {
            GrpcRequestReader.Read(request, call);
            if (await predictor.RunAsync(call, cancellationToken) is { } refused)
            {
                predictor.Fail(call, refused);
                return (null, refused);
            }

            var response = GrpcResponseWriter.Write(call, raw: request.RawInputContents.Count > 0);
            predictor.Succeed(call);
            return (response, null);
        }
        catch (InferenceException error)
        {
            predictor.Fail(call, error.Fault);
            return (null, error.Fault);
        }
        catch (Exception error)
        {
            predictor.Fail(call, new Fault(FaultKind.ModelFailed, error.ToString()));
            return (null, new Fault(FaultKind.ModelFailed, $"internal error, see the server's log for request {call.RequestId}"));
        }
    }

    private static async Task<T> Guard<T>(Func<Task<T>> action)
    {
        try
        {
            return await action();
        }
        catch (InferenceException error)
        {
            throw GrpcFaults.ToRpc(error.Fault);
        }
    }

    private static void RefuseParameters(IEnumerable<string> names, string[] allowed)
    {
        if (names.FirstOrDefault(name => !allowed.Contains(name)) is { } name)
        {
            throw InferenceException.Invalid($"the parameter '{name}' is not supported: models and their settings come from the registry");
        }
    }

    private static ModelMetadataResponse.Types.TensorMetadata Tensor(TensorDescription tensor) =>
        new() { Name = tensor.Name, Datatype = tensor.Datatype, Shape = { tensor.Shape } };
}

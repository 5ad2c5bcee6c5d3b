using Google.Protobuf;
using Grpc.Core;
using MlSystem.Inference.Protocols.Grpc;
using MlSystem.Inference.Tests.Fixture;

namespace MlSystem.Inference.Tests.Conformance;

/// <summary>The protocol over gRPC; how tensors travel is left to the forms of it.</summary>
public abstract class GrpcClient(InferenceServer server) : OipClient(server)
{
    protected GRPCInferenceService.GRPCInferenceServiceClient Client => Server.Grpc;

    public override async Task<bool> IsLiveAsync() => (await Client.ServerLiveAsync(new ServerLiveRequest())).Live;

    public override async Task<bool> IsReadyAsync() => (await Client.ServerReadyAsync(new ServerReadyRequest())).Ready;

    public override Task<bool> IsModelReadyAsync(string model, string? version) =>
        AskAsync(async () => (await Client.ModelReadyAsync(new ModelReadyRequest { Name = model, Version = version ?? "" })).Ready);

    public override async Task<OipServerInfo> ServerAsync()
    {
        var info = await Client.ServerMetadataAsync(new ServerMetadataRequest());
        return new OipServerInfo(info.Name, info.Version, info.Extensions);
    }

    public override Task<OipModelInfo> ModelAsync(string model, string? version) => AskAsync(async () =>
    {
        var info = await Client.ModelMetadataAsync(new ModelMetadataRequest { Name = model, Version = version ?? "" });
        return new OipModelInfo(info.Name, info.Versions, info.Platform, Tensors(info.Inputs), Tensors(info.Outputs));
    });

    public override async Task<IReadOnlyList<(string Name, string Version, string State)>> IndexAsync(bool readyOnly)
    {
        var index = await Client.RepositoryIndexAsync(new RepositoryIndexRequest { Ready = readyOnly });
        return [.. index.Models.Select(entry => (entry.Name, entry.Version, entry.State))];
    }

    public override Task LoadAsync(string model) => AskAsync(async () => await Client.RepositoryModelLoadAsync(new RepositoryModelLoadRequest { ModelName = model }));

    public override Task UnloadAsync(string model) => AskAsync(async () => await Client.RepositoryModelUnloadAsync(new RepositoryModelUnloadRequest { ModelName = model }));

    public override Task<(long Inferences, long Executions, long Successes)> StatisticsAsync(string model, string? version) => AskAsync(async () =>
    {
        var all = (await Client.ModelStatisticsAsync(new ModelStatisticsRequest { Name = model, Version = version ?? "" })).ModelStats;
        return (all.Sum(s => (long)s.InferenceCount), all.Sum(s => (long)s.ExecutionCount), all.Sum(s => (long)s.InferenceStats.Success.Count));
    });

    public override Task<OipAnswer> InferAsync(OipRequest request) => AskAsync(async () =>
    {
        var message = new ModelInferRequest { ModelName = request.Model, ModelVersion = request.Version ?? "", Id = request.Id ?? "" };
        foreach (var input in request.Inputs)
        {
            var tensor = new ModelInferRequest.Types.InferInputTensor { Name = input.Name, Datatype = input.Datatype, Shape = { input.Shape } };
            Put(message, tensor, input);
            message.Inputs.Add(tensor);
        }

        message.Outputs.AddRange((request.Outputs ?? []).Select(name => new ModelInferRequest.Types.InferRequestedOutputTensor { Name = name }));
        SetParameters(message, request);
        var answer = await SendAsync(message);
        return new OipAnswer(
            answer.ModelName, answer.ModelVersion, answer.Id.Length == 0 ? null : answer.Id,
            answer.Parameters.ToDictionary(p => p.Key, p => Text(p.Value), StringComparer.Ordinal),
            [.. answer.Outputs.Select((output, i) => Take(answer, output, i))]);
    });

    protected virtual async Task<ModelInferResponse> SendAsync(ModelInferRequest message) => await Client.ModelInferAsync(message);

    protected abstract void Put(ModelInferRequest message, ModelInferRequest.Types.InferInputTensor tensor, OipTensor input);

    protected abstract OipTensor Take(ModelInferResponse answer, ModelInferResponse.Types.InferOutputTensor output, int index);

    private static void SetParameters(ModelInferRequest message, OipRequest request)
    {
        if (request.TimeoutMicroseconds is { } timeout)
        {
            message.Parameters["timeout"] = new InferParameter { Int64Param = timeout };
        }

        if (request.Priority is { } priority)
        {
            message.Parameters["priority"] = new InferParameter { Int64Param = priority };
        }

        if (request.UnknownParameter is { } unknown)
        {
            message.Parameters[unknown] = new InferParameter { Int64Param = 1 };
        }
    }

    private static string Text(InferParameter parameter) => parameter.ParameterChoiceCase switch
    {
        InferParameter.ParameterChoiceOneofCase.StringParam => parameter.StringParam,
        InferParameter.ParameterChoiceOneofCase.BoolParam => parameter.BoolParam.ToString(),
        _ => JsonFormatter.Default.Format(parameter),
    };

    private static (string, string, string)[] Tensors(IEnumerable<ModelMetadataResponse.Types.TensorMetadata> tensors) =>
        [.. tensors.Select(tensor => (tensor.Name, tensor.Datatype, string.Join(',', tensor.Shape)))];

    private static async Task<T> AskAsync<T>(Func<Task<T>> call)
    {
        try
        {
            return await call();
        }
        catch (RpcException error)
        {
            var fault = error.StatusCode switch
            {
                StatusCode.InvalidArgument => OipFault.Invalid,
                StatusCode.NotFound => OipFault.NotFound,
                StatusCode.ResourceExhausted => OipFault.Exhausted,
                StatusCode.Unavailable => OipFault.Unavailable,
                StatusCode.DeadlineExceeded => OipFault.Timeout,
                _ => OipFault.Internal,
            };
            throw new OipRefusedException(fault, error.Status.Detail);
        }
    }
}

using Google.Protobuf;
using Grpc.Core;
using MlSystem.Inference.Protocols.Grpc;

namespace MlSystem.LoadTest.Servers;

/// <summary>The least a gRPC server can do with the same message: parse it and give a constant answer.</summary>
internal sealed class BaselineGrpc : GRPCInferenceService.GRPCInferenceServiceBase
{
    private static readonly ModelInferResponse Answer = new()
    {
        ModelName = "lr",
        ModelVersion = "1",
        Parameters =
        {
            ["variant"] = new InferParameter { StringParam = "champion" },
            ["request_id"] = new InferParameter { StringParam = "0199a5c2-f3de-7e0d-9a7b-1c2d3e4f5a6b" },
        },
        Outputs = { new ModelInferResponse.Types.InferOutputTensor { Name = "prediction", Datatype = "FP32", Shape = { 1 } } },
        RawOutputContents = { ByteString.CopyFrom(new byte[4]) },
    };

    public override Task<ModelInferResponse> ModelInfer(ModelInferRequest request, ServerCallContext context) => Task.FromResult(Answer);
}

using Google.Protobuf;
using Grpc.Core;
using MlSystem.Inference.Protocols.Grpc;

namespace MlSystem.LoadTest;

/// <summary>The least a gRPC server can do with the same message: parse it and give a constant answer.</summary>
internal sealed class BaselineGrpc : GRPCInferenceService.GRPCInferenceServiceBase
{
    private static readonly ModelInferResponse Answer = new()
    {
        ModelName = "churn",
        ModelVersion = "1",
        Parameters =
        {
            ["variant"] = new InferParameter { StringParam = "champion" },
            ["request_id"] = new InferParameter { StringParam = "0199a5c2-f3de-7e0d-9a7b-1c2d3e4f5a6b" },
        },
        Outputs =
        {
            new ModelInferResponse.Types.InferOutputTensor { Name = "label", Datatype = "BYTES", Shape = { 1 } },
            new ModelInferResponse.Types.InferOutputTensor { Name = "probabilities", Datatype = "FP32", Shape = { 1, 2 } },
        },
        RawOutputContents = { ByteString.CopyFrom(2, 0, 0, 0, (byte)'N', (byte)'o'), ByteString.CopyFrom(new byte[8]) },
    };

    public override Task<ModelInferResponse> ModelInfer(ModelInferRequest request, ServerCallContext context) => Task.FromResult(Answer);
}

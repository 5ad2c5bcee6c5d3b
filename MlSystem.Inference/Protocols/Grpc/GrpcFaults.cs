using Grpc.Core;
using MlSystem.Inference.Prediction;

namespace MlSystem.Inference.Protocols.Grpc;

/// <summary>gRPC statuses of refusals.</summary>
internal static class GrpcFaults
{
    public static RpcException ToRpc(Fault fault) => new(new Status(Code(fault.Kind), fault.Message));

    public static StatusCode Code(FaultKind kind) => kind switch
    {
        FaultKind.InvalidArgument => StatusCode.InvalidArgument,
        FaultKind.NotFound => StatusCode.NotFound,
        FaultKind.TooLarge or FaultKind.EndpointBusy or FaultKind.ServerBusy => StatusCode.ResourceExhausted,
        FaultKind.Unavailable => StatusCode.Unavailable,
        FaultKind.DeadlineExceeded => StatusCode.DeadlineExceeded,
        FaultKind.Cancelled => StatusCode.Cancelled,
        _ => StatusCode.Internal,
    };
}

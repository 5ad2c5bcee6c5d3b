using Grpc.Core;

namespace MlSystem.Inference.Protocols.Grpc;

/// <summary>How the server binds <see cref="OipGrpcService"/>; it finds this by the service's attribute.</summary>
internal static class OipBinding
{
    public static void BindService(ServiceBinderBase binder, GRPCInferenceService.GRPCInferenceServiceBase service) =>
        GRPCInferenceService.BindService(new MessageGuard(binder), service);
}

using Grpc.Core;
using MlSystem.Inference.Protocols.Grpc;

namespace MlSystem.Inference.Explanations;

/// <summary>How the server binds <see cref="ExplanationsGrpcService"/>; it finds this by the service's attribute.</summary>
internal static class ExplanationsBinding
{
    public static void BindService(ServiceBinderBase binder, Protocols.Explain.Explanations.ExplanationsBase service) =>
        Protocols.Explain.Explanations.BindService(new MessageGuard(binder), service);
}

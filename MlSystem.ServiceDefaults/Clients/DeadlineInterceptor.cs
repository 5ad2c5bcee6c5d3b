using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.Extensions.Options;

namespace MlSystem.ServiceDefaults.Clients;

/// <summary>Gives every unary call an end. Streams have none: they end with their owner.</summary>
internal sealed class DeadlineInterceptor(IOptions<ServiceClientOptions> options, TimeProvider time) : Interceptor
{
    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        TRequest request, ClientInterceptorContext<TRequest, TResponse> context, AsyncUnaryCallContinuation<TRequest, TResponse> continuation)
    {
        if (context.Options.Deadline is not null)
        {
            return continuation(request, context);
        }

        var deadline = time.GetUtcNow().UtcDateTime.AddSeconds(options.Value.GrpcDeadlineSeconds);
        return continuation(request, new ClientInterceptorContext<TRequest, TResponse>(context.Method, context.Host, context.Options.WithDeadline(deadline)));
    }
}

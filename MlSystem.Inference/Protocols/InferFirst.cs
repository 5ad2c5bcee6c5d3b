using System.Collections.Concurrent;
using MlSystem.Inference.Protocols.Grpc.First;
using MlSystem.Inference.Protocols.Rest;
using MlSystem.ServiceDefaults.Authentication;
using MlSystem.ServiceDefaults.Hosting;

namespace MlSystem.Inference.Protocols;

/// <summary>
/// Puts <c>POST /v2/models/{m}[/versions/{v}]/infer</c> and gRPC <c>ModelInfer</c> in front of the middleware: routing, authentication, authorization,
/// status pages and the exception handler cost as much as the whole prediction of a small model. Only a request that all of them would
/// let pass unchanged is taken: by its exact path, from a caller that may come in, with a body within the limit. Every other one goes the
/// common way to the same <see cref="InferEndpoint"/>, or to the refusal that it gets there. Those leave the socket's thread before:
/// an explanation may compute for long.
/// </summary>
internal sealed class InferFirst(InferEndpoint http, GrpcInferFirst grpc, CallerCheck callers) : IStartupFilter
{
    /// <summary>Paths that are kept parsed; those of more endpoints are parsed anew each time.</summary>
    private const int MaxKept = 1024;

    private readonly ConcurrentDictionary<string, InferPath> _paths = new(StringComparer.Ordinal);
    private int _kept;

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(rest => context => HandleAsync(context, rest));
        next(app);
    };

    private Task HandleAsync(HttpContext context, RequestDelegate rest)
    {
        if (!HttpMethods.IsPost(context.Request.Method) || context.Request.Path.Value is not { } text)
        {
            return Elsewhere(context, rest);
        }

        if (text == GrpcInferFirst.Path)
        {
            return GrpcInferFirst.Fits(context.Request) && callers.Admits(context) ? grpc.HandleAsync(context, rest).AsTask() : Elsewhere(context, rest);
        }

        return Find(context, text) is { } path ? http.HandleFirstAsync(context, path) : Elsewhere(context, rest);
    }

    private static Task Elsewhere(HttpContext context, RequestDelegate rest) => SocketThreads.IsCurrent ? ElsewhereAsync(context, rest) : rest(context);

    private static async Task ElsewhereAsync(HttpContext context, RequestDelegate rest)
    {
        // What comes later of the body would bring its reader back.
        context.Request.Body = new LeavingStream(context.Request.Body);
        await SocketThreads.LeaveAsync();
        await rest(context);
    }

    private InferPath? Find(HttpContext context, string text)
    {
        if (!_paths.TryGetValue(text, out var path))
        {
            path = InferPath.Parse(text);
            if (path is null)
            {
                return null;
            }

            Keep(text, path);
        }

        return http.Fits(context.Request.ContentLength) && callers.Admits(context) ? path : null;
    }

    private void Keep(string text, InferPath path)
    {
        if (Volatile.Read(ref _kept) < MaxKept && _paths.TryAdd(text, path))
        {
            Interlocked.Increment(ref _kept);
        }
    }
}

using System.Collections.Concurrent;
using MlSystem.ServiceDefaults.Authentication;

namespace MlSystem.Inference.Protocols.Rest;

/// <summary>
/// Puts <c>POST /v2/models/{m}[/versions/{v}]/infer</c> in front of the middleware: routing, authentication, authorization,
/// status pages and the exception handler cost as much as the whole prediction of a small model. Only a request that all of them would
/// let pass unchanged is taken: by its exact path, from a caller that may come in, with a body within the limit. Every other one goes the
/// common way to the same <see cref="InferEndpoint"/>, or to the refusal that it gets there.
/// </summary>
internal sealed class InferFirst(InferEndpoint endpoint, CallerCheck callers) : IStartupFilter
{
    /// <summary>Paths that are kept parsed; those of more endpoints are parsed anew each time.</summary>
    private const int MaxKept = 1024;

    private readonly ConcurrentDictionary<string, InferPath> _paths = new(StringComparer.Ordinal);
    private int _kept;

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(rest => context => Find(context) is { } path ? endpoint.HandleFirstAsync(context, path) : rest(context));
        next(app);
    };

    private InferPath? Find(HttpContext context)
    {
        var request = context.Request;
        if (!HttpMethods.IsPost(request.Method) || request.Path.Value is not { } text || !endpoint.Fits(request.ContentLength))
        {
            return null;
        }

        if (!_paths.TryGetValue(text, out var path))
        {
            path = InferPath.Parse(text);
            if (path is null)
            {
                return null;
            }

            Keep(text, path);
        }

        return callers.Admits(context) ? path : null;
    }

    private void Keep(string text, InferPath path)
    {
        if (Volatile.Read(ref _kept) < MaxKept && _paths.TryAdd(text, path))
        {
            Interlocked.Increment(ref _kept);
        }
    }
}

/// <summary>The endpoint and the version that a path names.</summary>
internal sealed record InferPath(string Model, string? Version)
{
    /// <summary>Null for any path but <c>/v2/models/{m}/infer</c> and <c>/v2/models/{m}/versions/{v}/infer</c> in just this spelling.</summary>
    public static InferPath? Parse(string path) => path.Split('/') switch
    {
        ["", "v2", "models", { Length: > 0 } model, "infer"] => new InferPath(model, null),
        ["", "v2", "models", { Length: > 0 } model, "versions", { Length: > 0 } version, "infer"] => new InferPath(model, version),
        _ => null,
    };
}

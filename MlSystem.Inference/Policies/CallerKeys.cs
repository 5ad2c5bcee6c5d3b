using System.Diagnostics;

namespace MlSystem.Inference.Policies;

/// <summary>What a request says of its caller outside its inputs. gRPC metadata are headers, too.</summary>
/// <param name="request">Null where there is nothing, such as for a question about metadata.</param>
public readonly struct CallerKeys(HttpRequest? request)
{
    /// <summary>The caller's span (W3C <c>traceparent</c>); default where there is none that is valid.</summary>
    public ActivityContext TraceContext =>
        request is not null && ActivityContext.TryParse(request.Headers.TraceParent, request.Headers.TraceState, isRemote: true, out var context) ? context : default;

    /// <summary>The value, or null where it is absent or empty.</summary>
    public string? Find(StickyKey key)
    {
        var value = key.Place == KeyPlace.Header ? request?.Headers[key.Name].ToString() : request?.Cookies[key.Name];
        return string.IsNullOrEmpty(value) ? null : value;
    }
}

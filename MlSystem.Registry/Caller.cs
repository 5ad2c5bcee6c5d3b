namespace MlSystem.Registry;

/// <summary>Who makes a change, and in which request.</summary>
internal sealed record Caller(string Name, string RequestId)
{
    public static ValueTask<Caller> BindAsync(HttpContext context)
    {
        var name = context.User.Identity?.Name;
        var requestId = context.Request.Headers["X-Request-Id"].ToString();
        return ValueTask.FromResult(new Caller(
            string.IsNullOrEmpty(name) ? "anonymous" : name,
            string.IsNullOrEmpty(requestId) ? context.TraceIdentifier : requestId));
    }
}

namespace MlSystem.Registry;

/// <summary>Who makes a change, and in which request.</summary>
internal sealed record Caller(string Name, string RequestId)
{
    public static ValueTask<Caller> BindAsync(HttpContext context)
    {
        var name = context.User.Identity?.Name;
        return ValueTask.FromResult(new Caller(string.IsNullOrEmpty(name) ? "anonymous" : name, context.TraceIdentifier));
    }
}

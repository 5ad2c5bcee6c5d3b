namespace MlSystem.Registry;

/// <summary>Who makes a change, and in which request.</summary>
internal sealed record Caller(string Name, string RequestId)
{
    public const string Anonymous = "anonymous";

    /// <summary>The registry itself, where no request asks.</summary>
    public static readonly Caller Registry = new("registry", "");

    public static Caller Of(HttpContext? context) =>
        context is null ? Registry
        : new(context.User.Identity?.Name is { Length: > 0 } name ? name : Anonymous, context.TraceIdentifier);

    public static ValueTask<Caller> BindAsync(HttpContext context) => ValueTask.FromResult(Of(context));
}

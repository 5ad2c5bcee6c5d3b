namespace MlSystem.ServiceDefaults.Errors;

/// <summary>What went wrong, before it has a protocol's form.</summary>
/// <param name="Status">HTTP status, 400 to 599.</param>
/// <param name="Title">The kind of error, the same for every occurrence.</param>
/// <param name="Detail">This occurrence: what, where, what is allowed. Never internals.</param>
public sealed record ErrorAnswer(int Status, string Title, string? Detail = null)
{
    /// <summary>Mistakes by place (a field, a parameter, a line).</summary>
    public IReadOnlyDictionary<string, string[]>? Errors { get; init; }

    /// <summary>After how many seconds trying again makes sense; sent as <c>Retry-After</c>.</summary>
    public int? RetryAfterSeconds { get; init; }

    /// <summary>One text for protocols that have room for one.</summary>
    public string Message => Detail ?? Title;
}

/// <summary>An expected failure that carries its answer; thrown anywhere while a request is handled.</summary>
public sealed class ErrorAnswerException(ErrorAnswer answer, Exception? inner = null) : Exception(answer.Message, inner)
{
    /// <param name="status">HTTP status, 400 to 599.</param>
    /// <param name="detail">What, where, what is allowed.</param>
    public ErrorAnswerException(int status, string detail)
        : this(new ErrorAnswer(status, Microsoft.AspNetCore.WebUtilities.ReasonPhrases.GetReasonPhrase(status), detail))
    {
    }

    public ErrorAnswer Answer { get; } = answer;
}

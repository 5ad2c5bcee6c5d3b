namespace MlSystem.ServiceDefaults.Clients;

/// <summary>What a single request to another service may do.</summary>
public static class RequestRules
{
    private static readonly HttpRequestOptionsKey<bool> Idempotent = new("mlsystem.idempotent");
    private static readonly HttpRequestOptionsKey<TimeSpan> Timeout = new("mlsystem.timeout");

    /// <summary>Declares that sending the request twice has the effect of sending it once, so that it may be retried.</summary>
    public static HttpRequestMessage AsIdempotent(this HttpRequestMessage request)
    {
        request.Options.Set(Idempotent, true);
        return request;
    }

    /// <summary>Gives one attempt this much time until the answer's headers, for long polls and large uploads. The whole call, retries included, gets three times that.</summary>
    public static HttpRequestMessage WithTimeout(this HttpRequestMessage request, TimeSpan timeout)
    {
        request.Options.Set(Timeout, timeout);
        return request;
    }

    internal static bool MayRetry(HttpRequestMessage? request) =>
        request is not null
        && (request.Method == HttpMethod.Get || request.Method == HttpMethod.Head || request.Method == HttpMethod.Options
            || (request.Options.TryGetValue(Idempotent, out var declared) && declared));

    internal static TimeSpan AttemptTimeout(HttpRequestMessage? request, TimeSpan standard) =>
        request is not null && request.Options.TryGetValue(Timeout, out var own) ? own : standard;

    internal static TimeSpan TotalTimeout(HttpRequestMessage? request, TimeSpan standard) =>
        request is not null && request.Options.TryGetValue(Timeout, out var own) ? own * 3 : standard;
}

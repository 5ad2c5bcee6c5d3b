using Microsoft.Extensions.Options;

namespace MlSystem.ServiceDefaults.Authentication;

/// <summary>Who may call: configuration section <c>MlSystem</c>.</summary>
public sealed class ApiKeyOptions
{
    /// <summary>
    /// Principal name → its key, or <c>sha256:</c> and the key's SHA-256 as 64 hexadecimal digits. Empty turns authentication
    /// off, which is allowed only while every address is a loopback address.
    /// </summary>
    public Dictionary<string, string> ApiKeys { get; set; } = new(StringComparer.Ordinal);

    /// <summary>The key that this service itself sends to the others.</summary>
    public string? ApiKey { get; set; }

    /// <summary>Whether <c>/metrics</c> can be read without a key, for scrapers that can't send one. Default false.</summary>
    public bool AnonymousMetrics { get; set; }
}

/// <summary>Every mistake in the keys, none of them quoting a key.</summary>
internal sealed class ApiKeyOptionsValidator : IValidateOptions<ApiKeyOptions>
{
    public ValidateOptionsResult Validate(string? name, ApiKeyOptions options)
    {
        var mistakes = new List<string>();
        foreach (var (principal, key) in options.ApiKeys)
        {
            if (ApiKeys.Hash(key) is null)
            {
                mistakes.Add($"MlSystem:ApiKeys:{principal} must be a key of printable characters without spaces, or 'sha256:' and 64 hexadecimal digits");
            }
        }

        var shared = options.ApiKeys.GroupBy(pair => Convert.ToHexString(ApiKeys.Hash(pair.Value) ?? [])).Where(group => group.Key.Length > 0 && group.Count() > 1);
        mistakes.AddRange(shared.Select(group => $"MlSystem:ApiKeys: {string.Join(" and ", group.Select(pair => pair.Key))} have the same key"));
        if (options.ApiKey is { } own && !ApiKeys.IsKey(own))
        {
            mistakes.Add("MlSystem:ApiKey must be a key of printable characters without spaces");
        }

        return mistakes.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(mistakes);
    }
}

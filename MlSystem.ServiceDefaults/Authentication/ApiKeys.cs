using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using MlSystem.ServiceDefaults.Hosting;

namespace MlSystem.ServiceDefaults.Authentication;

/// <summary>The known keys, as hashes.</summary>
internal sealed class ApiKeys(ApiKeyOptions options)
{
    private const string HashPrefix = "sha256:";
    private readonly (string Principal, byte[] Hash)[] _known = [.. options.ApiKeys.Select(pair => (pair.Key, Hash(pair.Value) ?? []))];

    private static volatile ApiKeys? _cached;

    private ApiKeyOptions Options => options;

    public bool AreOff => _known.Length == 0;

    /// <summary>Built once for each state of the configuration; keys can be rotated without a restart.</summary>
    public static ApiKeys Of(ApiKeyOptions current)
    {
        var keys = _cached;
        return ReferenceEquals(keys?.Options, current) ? keys! : _cached = new ApiKeys(current);
    }

    /// <summary>The key that a request sends, or null.</summary>
    public static string? Presented(IHeaderDictionary headers)
    {
        if (headers["X-Api-Key"] is [{ Length: > 0 } key])
        {
            return key;
        }

        var authorization = headers.Authorization.ToString();
        return authorization.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? authorization["Bearer ".Length..].Trim()
            : authorization.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase) ? Password(authorization["Basic ".Length..].Trim())
            : null;
    }

    /// <summary>The principal of a key, or null. The time it takes depends neither on the key nor on which principal it is.</summary>
    public string? Principal(string key)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(key), hash);
        string? found = null;
        foreach (var (principal, known) in _known)
        {
            if (CryptographicOperations.FixedTimeEquals(hash, known))
            {
                found = principal;
            }
        }

        return found;
    }

    /// <summary>Refuses to serve strangers: without keys only loopback addresses may be bound.</summary>
    /// <exception cref="StartupFailureException">There are no keys and an address is reachable from outside.</exception>
    public static void ThrowIfOpen(ApiKeyOptions options, IEnumerable<ServiceBinding> bindings)
    {
        if (options.ApiKeys.Count == 0 && bindings.FirstOrDefault(binding => !binding.IsLoopback) is { } open)
        {
            throw new StartupFailureException(
                $"Refusing to listen on {open} without authentication: set MlSystem:ApiKeys:<name> (environment variable MlSystem__ApiKeys__<name>) or bind to 127.0.0.1.");
        }
    }

    public static bool IsKey(string text) => text.Length > 0 && text.All(c => c is > ' ' and <= '~');

    /// <summary>The hash that a configured key stands for; null when it is neither a key nor a hash.</summary>
    public static byte[]? Hash(string? configured)
    {
        if (configured is null || !IsKey(configured))
        {
            return null;
        }

        if (!configured.StartsWith(HashPrefix, StringComparison.Ordinal))
        {
            return SHA256.HashData(Encoding.UTF8.GetBytes(configured));
        }

        var hex = configured[HashPrefix.Length..];
        return hex.Length == 2 * SHA256.HashSizeInBytes && hex.All(char.IsAsciiHexDigit) ? Convert.FromHexString(hex) : null;
    }

    private static string? Password(string basic)
    {
        var bytes = new byte[basic.Length];
        return Convert.TryFromBase64String(basic, bytes, out var count) && Encoding.UTF8.GetString(bytes, 0, count) is var pair && pair.Contains(':', StringComparison.Ordinal)
            ? pair[(pair.IndexOf(':', StringComparison.Ordinal) + 1)..]
            : null;
    }
}

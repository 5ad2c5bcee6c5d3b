using System.Security.Claims;
using System.Text;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using MlSystem.ServiceDefaults.Errors;

namespace MlSystem.ServiceDefaults.Authentication;

/// <summary>
/// Authenticates by API key: <c>Authorization: Bearer KEY</c>, <c>X-Api-Key: KEY</c> or <c>Authorization: Basic</c> with the
/// key as password (browsers, MLflow clients); gRPC sends the same names as metadata. Without configured keys everybody is
/// <see cref="Anonymous"/>.
/// </summary>
internal sealed class ApiKeyHandler(
    IOptionsMonitor<AuthenticationSchemeOptions> schemes, IOptionsMonitor<ApiKeyOptions> options, ILoggerFactory loggers, UrlEncoder encoder)
    : AuthenticationHandler<AuthenticationSchemeOptions>(schemes, loggers, encoder)
{
    public const string SchemeName = "ApiKey";
    public const string Anonymous = "anonymous";
    private static readonly AuthenticateResult Everybody = Success(Anonymous);
    private static volatile ApiKeys? _cached;

    protected override Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        var keys = Keys(options.CurrentValue);
        if (keys.AreOff)
        {
            return Task.FromResult(Everybody);
        }

        return Task.FromResult(
            Presented(Request.Headers) is not { } key ? AuthenticateResult.NoResult()
            : keys.Principal(key) is { } principal ? Success(principal)
            : AuthenticateResult.Fail("The API key is not known."));
    }

    protected override async Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        Response.Headers.WWWAuthenticate = new[] { "Bearer realm=\"mlsystem\"", "Basic realm=\"mlsystem\"" };
        var detail = Presented(Request.Headers) is null
            ? "An API key is needed: send 'Authorization: Bearer <key>' or 'X-Api-Key: <key>'."
            : "The API key is not known.";
        await Context.WriteErrorAsync(new ErrorAnswer(StatusCodes.Status401Unauthorized, "Unauthorized", detail));
    }

    /// <summary>Built once for each state of the configuration; keys can be rotated without a restart.</summary>
    private static ApiKeys Keys(ApiKeyOptions current)
    {
        var keys = _cached;
        return ReferenceEquals(keys?.Options, current) ? keys! : _cached = new ApiKeys(current);
    }

    private static AuthenticateResult Success(string principal)
    {
        var identity = new ClaimsIdentity([new Claim(ClaimTypes.Name, principal)], SchemeName);
        return AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(identity), SchemeName));
    }

    private static string? Presented(IHeaderDictionary headers)
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

    private static string? Password(string basic)
    {
        var bytes = new byte[basic.Length];
        return Convert.TryFromBase64String(basic, bytes, out var count) && Encoding.UTF8.GetString(bytes, 0, count) is var pair && pair.Contains(':', StringComparison.Ordinal)
            ? pair[(pair.IndexOf(':', StringComparison.Ordinal) + 1)..]
            : null;
    }
}

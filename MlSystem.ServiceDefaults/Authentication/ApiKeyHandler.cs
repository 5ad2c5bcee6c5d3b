using System.Security.Claims;
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

    protected override Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        var keys = ApiKeys.Of(options.CurrentValue);
        if (keys.AreOff)
        {
            return Task.FromResult(Everybody);
        }

        return Task.FromResult(
            ApiKeys.Presented(Request.Headers) is not { } key ? AuthenticateResult.NoResult()
            : keys.Principal(key) is { } principal ? Success(principal)
            : AuthenticateResult.Fail("The API key is not known."));
    }

    protected override async Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        Response.Headers.WWWAuthenticate = new[] { "Bearer realm=\"mlsystem\"", "Basic realm=\"mlsystem\"" };
        var detail = ApiKeys.Presented(Request.Headers) is null
            ? "An API key is needed: send 'Authorization: Bearer <key>' or 'X-Api-Key: <key>'."
            : "The API key is not known.";
        await Context.WriteErrorAsync(new ErrorAnswer(StatusCodes.Status401Unauthorized, "Unauthorized", detail));
    }

    /// <summary>A caller of this name.</summary>
    internal static ClaimsPrincipal Caller(string principal) => new(new ClaimsIdentity([new Claim(ClaimTypes.Name, principal)], SchemeName));

    private static AuthenticateResult Success(string principal) => AuthenticateResult.Success(new AuthenticationTicket(Caller(principal), SchemeName));
}

using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace MlSystem.ServiceDefaults.Tests.Authentication;

public sealed class ApiKeyTests
{
    private const string Alice = "alices-key";
    private const string Bob = "bobs-key";

    private static (string, string?)[] Keys =>
    [
        ("MlSystem:ApiKeys:alice", Alice),
        ("MlSystem:ApiKeys:bob", "sha256:" + Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(Bob)))),
    ];

    [Theory]
    [InlineData("Authorization", "Bearer alices-key", "alice")]
    [InlineData("Authorization", "bearer bobs-key", "bob")]
    [InlineData("X-Api-Key", "bobs-key", "bob")]
    [InlineData("Authorization", "Basic YW55Ym9keTphbGljZXMta2V5", "alice")]
    public async Task A_known_key_is_its_principal(string header, string value, string principal)
    {
        await using var service = await StartAsync(Keys);
        service.Client.DefaultRequestHeaders.TryAddWithoutValidation(header, value);
        Assert.Equal(principal, await service.Client.GetStringAsync("/me"));
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData("X-Api-Key", "")]
    [InlineData("X-Api-Key", "alices-kez")]
    [InlineData("Authorization", "Bearer alices-key2")]
    [InlineData("Authorization", "Basic !!")]
    [InlineData("Authorization", "Digest alices-key")]
    public async Task Anybody_else_is_refused_and_told_how(string? header, string? value)
    {
        await using var service = await StartAsync(Keys);
        if (header is not null)
        {
            service.Client.DefaultRequestHeaders.TryAddWithoutValidation(header, value);
        }

        foreach (var path in new[] { "/me", "/unknown", "/metrics", "/openapi/v1.json" })
        {
            var answer = await service.Client.GetAsync(path);
            Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
            Assert.Contains(answer.Headers.WwwAuthenticate, challenge => challenge.Scheme == "Bearer");
            Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        }
    }

    [Fact]
    public async Task The_hash_of_a_key_is_not_a_key()
    {
        await using var service = await StartAsync(Keys);
        service.Client.DefaultRequestHeaders.Add("X-Api-Key", Keys[1].Item2);
        Assert.Equal(HttpStatusCode.Unauthorized, (await service.Client.GetAsync("/me")).StatusCode);
    }

    [Fact]
    public async Task Probes_need_no_key_and_metrics_none_when_told_so()
    {
        await using var service = await StartAsync([.. Keys, ("MlSystem:AnonymousMetrics", "true")]);
        foreach (var path in new[] { "/alive", "/health", "/metrics" })
        {
            Assert.NotEqual(HttpStatusCode.Unauthorized, (await service.Client.GetAsync(path)).StatusCode);
        }
    }

    [Fact]
    public async Task Without_keys_everybody_is_anonymous()
    {
        await using var service = await StartAsync();
        Assert.Equal("anonymous", await service.Client.GetStringAsync("/me"));
    }

    [Fact]
    public async Task Two_principals_must_not_share_a_key()
    {
        await using var service = TestService.Create(settings: [("MlSystem:ApiKeys:alice", "same"), ("MlSystem:ApiKeys:bob", "same")]);
        Assert.Equal(78, await service.Exit);
    }

    private static Task<TestService> StartAsync(params (string, string?)[] settings) =>
        TestService.StartAsync(null, app => app.MapGet("/me", (HttpContext context) => context.User.Identity!.Name), settings);
}

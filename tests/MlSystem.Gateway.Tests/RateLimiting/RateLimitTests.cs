using System.Net;
using MlSystem.Gateway.Tests.Failures;

namespace MlSystem.Gateway.Tests.RateLimiting;

public sealed class RateLimitTests
{
    [Fact]
    public async Task One_principal_over_its_rate_is_told_when_to_come_back_and_others_are_not_touched()
    {
        await using var inference = await StubService.StartAsync("inference");
        await using var gateway = await GatewayProcess.StartAsync(
            [inference],
            ("MlSystem:Gateway:RequestsPerSecond", "1"), ("MlSystem:Gateway:Burst", "3"), ("MlSystem:ApiKeys:alice", "a"), ("MlSystem:ApiKeys:bob", "b"));
        gateway.Http.DefaultRequestHeaders.Add("X-Api-Key", "a");
        var answers = new List<HttpResponseMessage>();
        for (var i = 0; i < 8; i++)
        {
            answers.Add(await gateway.Http.GetAsync("/v2"));
        }

        Assert.InRange(answers.Count(answer => answer.IsSuccessStatusCode), 3, 5);
        var refused = answers.Last(answer => !answer.IsSuccessStatusCode);
        Assert.Equal((HttpStatusCode.TooManyRequests, TimeSpan.FromSeconds(1)), (refused.StatusCode, refused.Headers.RetryAfter?.Delta));
        Assert.Equal("""{"error":"'alice' is over 1 requests a second."}""", await refused.Content.ReadAsStringAsync());
        Assert.True((await gateway.Http.GetAsync("/alive")).IsSuccessStatusCode);

        gateway.Grpc.DefaultRequestHeaders.Add("x-api-key", "a");
        Assert.Equal("8", await FailureTests.GrpcStatusAsync(gateway, "/inference.GRPCInferenceService/ServerLive"));

        gateway.Http.DefaultRequestHeaders.Remove("X-Api-Key");
        gateway.Http.DefaultRequestHeaders.Add("X-Api-Key", "b");
        Assert.True((await gateway.Http.GetAsync("/v2")).IsSuccessStatusCode);
    }

    [Theory]
    [InlineData(1, 1, 1000)]
    [InlineData(9, 1, 1000 / 9.0)]
    [InlineData(10, 1, 100)]
    [InlineData(20_000, 2000, 100)]
    public void Tokens_come_at_the_given_rate(int perSecond, int tokens, double periodMs)
    {
        var bucket = Gateway.RateLimiting.RateLimitExtensions.Bucket(new Gateway.Routing.GatewayOptions { RequestsPerSecond = perSecond });
        Assert.Equal(tokens, bucket.TokensPerPeriod);
        Assert.Equal(periodMs, bucket.ReplenishmentPeriod.TotalMilliseconds, 0.001);
    }
}

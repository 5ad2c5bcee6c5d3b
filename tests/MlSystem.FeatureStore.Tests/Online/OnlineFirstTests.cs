using System.Net;
using System.Text;

namespace MlSystem.FeatureStore.Tests.Online;

/// <summary>Requests that are taken in front of the middleware are answered as those that are not.</summary>
public sealed class OnlineFirstTests
{
    private const string Usual = """{"features":["hourly:trips"],"entities":{"driver_id":[1]}}""";

    /// <summary>The same request, in a form that goes the common way.</summary>
    private const string Unusual = """{"features":["hourly:trips"],"entities":{"driver":[1]},"full_feature_names":"no"}""";

    [Fact]
    public async Task Both_ways_give_the_same_answer_and_the_callers_id()
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", Samples.Definitions);
        await app.PostOkAsync("/push", Samples.Push(1, "2026-03-01T12:00:00Z", 5));

        var usual = await SendAsync(app, Usual, id: "mine");
        var unusual = await SendAsync(app, Unusual, id: "mine");

        Assert.Equal(unusual, usual);
        Assert.Equal((HttpStatusCode.OK, "mine", "application/json"), (usual.Status, usual.Id, usual.Type));
        Assert.Contains("[5]", usual.Body, StringComparison.Ordinal);
        Assert.True(Guid.TryParse((await SendAsync(app, Usual, id: null)).Id, out _));
    }

    [Fact]
    public async Task Callers_without_a_key_come_in_by_neither_way()
    {
        await using var app = await FeatureStoreApp.StartAsync(("MlSystem:ApiKeys:reader", "0123456789abcdef0123456789abcdef"));

        Assert.Equal(HttpStatusCode.Unauthorized, (await SendAsync(app, Usual, id: null)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await SendAsync(app, Unusual, id: null)).Status);
    }

    [Theory]
    [InlineData("""{"features":["hourly:nope"],"entities":{"driver_id":[1]}}""", HttpStatusCode.NotFound)]
    [InlineData("""{"features":["hourly:trips"],"entities":{"driver_id":["x"]}}""", HttpStatusCode.UnprocessableEntity)]
    [InlineData("{", HttpStatusCode.UnprocessableEntity)]
    [InlineData("", HttpStatusCode.UnprocessableEntity)]
    public async Task What_is_not_taken_is_told_by_the_common_way(string body, HttpStatusCode status)
    {
        await using var app = await FeatureStoreApp.StartAsync();
        await app.PostOkAsync("/api/apply", Samples.Definitions);

        var answer = await SendAsync(app, body, id: "mine");

        Assert.Equal((status, "mine"), (answer.Status, answer.Id));
        Assert.StartsWith("{\"detail\":", answer.Body, StringComparison.Ordinal);
    }

    private static async Task<(HttpStatusCode Status, string? Id, string? Type, string Body)> SendAsync(FeatureStoreApp app, string body, string? id)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/get-online-features") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        if (id is not null)
        {
            request.Headers.Add("X-Request-Id", id);
        }

        using var response = await app.Client.SendAsync(request);
        return (response.StatusCode, response.Headers.TryGetValues("X-Request-Id", out var ids) ? string.Join(',', ids) : null, response.Content.Headers.ContentType?.MediaType, await response.Content.ReadAsStringAsync());
    }
}

using System.Net;
using Microsoft.Extensions.Time.Testing;
using MlSystem.Registry.Tests.Support;

namespace MlSystem.Registry.Tests.Serving;

public sealed class EndpointHistoryTests
{
    [Fact]
    public async Task The_state_of_any_past_moment_can_be_looked_up()
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
        await using var app = await RegistryApp.StartAsync(time);
        var name = await app.Registry.ModelAsync();
        var (one, two) = (await app.Registry.ServableAsync(name), await app.Registry.ServableAsync(name));
        await app.Registry.ChampionAsync(name, one);
        time.Advance(TimeSpan.FromMinutes(10));
        await app.Registry.ChampionAsync(name, two);

        Assert.Equal(HttpStatusCode.NotFound, (await At("11:59:59")).Status);
        Assert.Equal(one, Version(await At("12:00:00")));
        Assert.Equal(one, Version(await At("12:09:59.999")));
        Assert.Equal(two, Version(await At("12:10:00")));
        Assert.Equal(two, Version(await At("23:00:00")));
        Assert.Equal(HttpStatusCode.BadRequest, (await app.Registry.NativeAsync($"/api/endpoints/{name}?at=yesterday")).Status);

        Task<Answer> At(string clock) => app.Registry.NativeAsync($"/api/endpoints/{name}?at=2026-03-01T{clock}Z");
    }

    [Fact]
    public async Task A_long_poll_ends_with_304_when_its_time_is_over()
    {
        await using var app = await RegistryApp.StartAsync();
        var tag = (await app.Registry.NativeAsync("/api/endpoints")).Ok().ETag;
        Assert.Equal(HttpStatusCode.NotModified, (await app.Registry.SendAsync(HttpMethod.Get, "/api/endpoints?wait=1", ifNoneMatch: tag)).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await app.Registry.NativeAsync("/api/endpoints?wait=61")).Status);
    }

    private static int Version(Answer answer) => answer.Ok().Body.GetProperty("variants")[0].GetProperty("version").GetInt32();
}

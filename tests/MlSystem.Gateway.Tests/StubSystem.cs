namespace MlSystem.Gateway.Tests;

/// <summary>A stand-in for every service.</summary>
internal sealed class StubSystem : IAsyncDisposable
{
    public required IReadOnlyList<StubService> Services { get; init; }

    public static async Task<StubSystem> StartAsync()
    {
        var services = new List<StubService>();
        foreach (var name in Gateway.Routing.Routes.Services)
        {
            services.Add(await StubService.StartAsync(name));
        }

        return new StubSystem { Services = services };
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var service in Services)
        {
            await service.DisposeAsync();
        }
    }
}

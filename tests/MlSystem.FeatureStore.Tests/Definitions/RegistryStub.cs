using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using MlSystem.Testing;

namespace MlSystem.FeatureStore.Tests.Definitions;

/// <summary>What the registry answers about endpoints, over real HTTP.</summary>
internal sealed class RegistryStub : IAsyncDisposable
{
    private readonly WebApplication _app;

    private RegistryStub(WebApplication app, string address) => (_app, Address) = (app, address);

    public string Address { get; }

    /// <summary>Endpoint <c>churn</c> serves version 3 of model <c>churn</c>, which is bound to a version of a feature service.</summary>
    public static async Task<RegistryStub> StartAsync(string service, int version)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var address = $"http://127.0.0.1:{FreePort.Next()}";
        builder.WebHost.UseUrls(address);
        var app = builder.Build();
        app.MapGet("/api/endpoints", () => Results.Text("""{"endpoints":[{"name":"churn","revision":1,"variants":[{"name":"a","model":"churn","version":3,"weight":1}]}]}""", "application/json"));
        app.MapGet("/api/models/churn/versions/3", () => Results.Text($$$"""{"model":"churn","version":3,"lineage":{"feature_service":"{{{service}}}","feature_service_version":{{{version}}}}}""", "application/json"));
        await app.StartAsync();
        return new RegistryStub(app, address);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}

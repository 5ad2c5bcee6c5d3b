using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace MlSystem.ServiceDefaults.Hosting;

/// <summary>
/// Kestrel without the addresses that the web host hands it a second time: they are read into <see cref="ServiceBinding"/>s
/// already, and Kestrel would warn at every start that those override them.
/// </summary>
internal sealed class ExplicitServer(IServer kestrel, IServiceProvider services) : IServer
{
    public IFeatureCollection Features => kestrel.Features;

    /// <summary>Wraps the Kestrel that the web application builder registered; a test server registered later replaces both.</summary>
    public static void Wrap(IServiceCollection services)
    {
        var kestrel = services.Last(service => service.ServiceType == typeof(IServer)).ImplementationType
            ?? throw new InvalidOperationException("Kestrel is not registered as expected.");
        services.Replace(ServiceDescriptor.Singleton<IServer>(provider => new ExplicitServer((IServer)ActivatorUtilities.CreateInstance(provider, kestrel), provider)));
    }

    public Task StartAsync<TContext>(IHttpApplication<TContext> application, CancellationToken cancellationToken)
        where TContext : notnull
    {
        // Only now, because Kestrel is made while the host is built, before mistakes in the options can be reported properly.
        var options = services.GetRequiredService<IOptions<KestrelServerOptions>>().Value;
        options.AddServerHeader = false;
        // Of the headers that HTTP/2 would remember, the request id never repeats: writing it into the table costs more than it saves.
        options.AllowResponseHeaderCompression = false;
        options.Limits.MaxRequestBodySize = services.GetRequiredService<IOptions<ServiceOptions>>().Value.MaxRequestBodyBytes;
        Listening.Listen(options, services.GetRequiredService<IReadOnlyList<ServiceBinding>>());
        Features.Get<IServerAddressesFeature>()?.Addresses.Clear();
        return kestrel.StartAsync(application, cancellationToken);
    }

    public Task StopAsync(CancellationToken cancellationToken) => kestrel.StopAsync(cancellationToken);

    public void Dispose() => kestrel.Dispose();
}

using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using MlSystem.Testing;

namespace MlSystem.Registry.Tests.Support;

/// <summary>The whole registry in this process, on a real database and real files.</summary>
public class RegistryApp : IAsyncLifetime
{
    private readonly TempFolder _folder = new();
    private readonly Dictionary<string, string?> _settings = [];
    private WebApplicationFactory<Program>? _factory;

    public HttpClient Client { get; private set; } = null!;

    public IServiceProvider Services => _factory!.Services;

    public MonitorDouble Monitor { get; private set; } = null!;

    public string DataFolder => _folder.Path;

    public TimeProvider Time { get; init; } = TimeProvider.System;

    public RegistryClient Registry => new(Client);

    public static async Task<RegistryApp> StartAsync(TimeProvider? time = null, params (string Key, string Value)[] settings)
    {
        var app = new RegistryApp { Time = time ?? TimeProvider.System };
        foreach (var (key, value) in settings)
        {
            app._settings[key] = value;
        }

        await app.InitializeAsync();
        return app;
    }

    /// <summary>Before the start.</summary>
    public void Set(string key, string value) => _settings[key] = value;

    public async ValueTask InitializeAsync()
    {
        var connection = await ConnectionStringAsync();
        Monitor = await MonitorDouble.StartAsync();
        _factory = new WebApplicationFactory<Program>().WithWebHostBuilder(builder =>
        {
            builder.UseSetting("MlSystem:DataDirectory", _folder.Path);
            builder.UseSetting("Logging:LogLevel:Default", "Error");
            builder.UseSetting("Logging:LogLevel:Microsoft", "Error");
            builder.UseSetting("ConnectionStrings:database", connection);
            // The receivers of the tests are on this machine.
            builder.UseSetting("Registry:Webhooks:AllowPrivateAddresses", "true");
            builder.UseSetting("Registry:Webhooks:AllowHttp", "true");
            builder.UseSetting("services:monitor:http:0", Monitor.Url);
            // A busy machine may freeze the double for a while.
            builder.UseSetting("Registry:Lineage:MonitorTimeoutSeconds", "60");
            // A child process may need long to start on it.
            builder.UseSetting("Registry:Validation:TimeoutSeconds", "600");
            foreach (var (key, value) in _settings)
            {
                builder.UseSetting(key, value);
            }

            builder.ConfigureTestServices(services => services.AddSingleton(Time));
        });
        Client = _factory.CreateClient();
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        while (!(await Client.GetAsync("/health", deadline.Token)).IsSuccessStatusCode)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, deadline.Token);
        }
    }

    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_factory is not null)
        {
            await _factory.DisposeAsync();
            await Monitor.DisposeAsync();
        }

        _folder.Dispose();
    }

    protected virtual Task<string?> ConnectionStringAsync() => Task.FromResult<string?>(null);
}

/// <summary>The same on a PostgreSQL server of its own.</summary>
public sealed class PostgresRegistryApp : RegistryApp
{
    private PostgresServer? _server;

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    protected override async Task<string?> ConnectionStringAsync()
    {
        if (PostgresServer.Missing is not null)
        {
            return null;
        }

        _server = await PostgresServer.StartAsync();
        return await _server.CreateDatabaseAsync();
    }
}

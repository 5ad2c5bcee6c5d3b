using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using MlSystem.ServiceDefaults.Hosting;
using MlSystem.Testing;

namespace MlSystem.ServiceDefaults.Tests;

/// <summary>A service on real Kestrel in this process, with everything that the service defaults bring.</summary>
internal sealed class TestService : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly TempFolder _folder;

    private TestService(WebApplication app, TempFolder folder, int http, int grpc, LogLines log)
    {
        _app = app;
        _folder = folder;
        Log = log;
        Address = Local(http);
        GrpcAddress = Local(grpc);
        Client = new HttpClient { BaseAddress = Address };
        // Started on the pool, as a program would be, so that a failing start is the task's result.
        Exit = Task.Run(app.RunServiceAsync);
    }

    public Uri Address { get; }

    public Uri GrpcAddress { get; }

    public HttpClient Client { get; }

    public LogLines Log { get; }

    /// <summary>The exit code.</summary>
    public Task<int> Exit { get; }

    public IServiceProvider Services => _app.Services;

    public static async Task<TestService> StartAsync(
        Action<WebApplicationBuilder>? add = null, Action<WebApplication>? map = null, params (string Key, string? Value)[] settings)
    {
        var service = Create(add, map, settings);
        using var started = new CancellationTokenSource();
        await using var registration = service._app.Lifetime.ApplicationStarted.Register(started.Cancel);
        var waited = Task.Delay(TimeSpan.FromSeconds(60), TimeProvider.System, started.Token).ContinueWith(_ => { }, TaskScheduler.Default);
        await Task.WhenAny(waited, service.Exit);
        Assert.False(service.Exit.IsCompleted, "The service ended instead of starting.");
        return service;
    }

    /// <summary>Composes and runs the service without waiting for it.</summary>
    public static TestService Create(Action<WebApplicationBuilder>? add = null, Action<WebApplication>? map = null, params (string Key, string? Value)[] settings)
    {
        var folder = new TempFolder();
        var ports = FreePort.Next(2);
        var log = new LogLines();
        var builder = WebApplication.CreateBuilder();
        builder.Configuration.AddInMemoryCollection(
        [
            new("urls", $"http://127.0.0.1:{ports[0].ToString(CultureInfo.InvariantCulture)}"),
            new("GRPC_PORT", ports[1].ToString(CultureInfo.InvariantCulture)),
            new("MlSystem:DataDirectory", folder.Path),
        ]);
        builder.Configuration.AddInMemoryCollection(settings.Select(pair => KeyValuePair.Create(pair.Key, pair.Value)));
        builder.AddServiceDefaults("features");
        builder.Services.Remove(builder.Services.Single(provider => provider.ImplementationType == typeof(ConsoleLoggerProvider)));
        builder.Logging.AddProvider(log);
        builder.Logging.AddFilter<LogLines>(null, LogLevel.Information);
        add?.Invoke(builder);
        var app = builder.Build();
        app.UseServiceDefaults();
        map?.Invoke(app);
        return new TestService(app, folder, ports[0], ports[1], log);
    }

    /// <summary>Polls <c>/health</c> until its body has a text.</summary>
    public async Task WaitForAsync(string wanted)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            using var answer = await Client.GetAsync("/health", deadline.Token);
            if ((await answer.Content.ReadAsStringAsync(deadline.Token)).Contains(wanted, StringComparison.Ordinal))
            {
                return;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, deadline.Token);
        }
    }

    public void Stop() => _app.Lifetime.StopApplication();

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        if (!Exit.IsCompleted)
        {
            Stop();
        }

        await Exit;
        _folder.Dispose();
    }

    private static Uri Local(int port) => new($"http://127.0.0.1:{port.ToString(CultureInfo.InvariantCulture)}");
}

/// <summary>What the service logged.</summary>
internal sealed class LogLines : ILoggerProvider
{
    private readonly System.Collections.Concurrent.ConcurrentQueue<string> _lines = new();

    public IEnumerable<string> All => _lines;

    public ILogger CreateLogger(string categoryName) => new Writer(categoryName, _lines);

    public void Dispose()
    {
    }

    private sealed class Writer(string category, System.Collections.Concurrent.ConcurrentQueue<string> lines) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            lines.Enqueue($"{logLevel} {category}: {formatter(state, exception)} {exception}");
    }
}

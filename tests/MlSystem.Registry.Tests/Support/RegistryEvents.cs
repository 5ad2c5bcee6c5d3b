using System.Text.Json;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using MlSystem.Contracts;
using MlSystem.ServiceDefaults.EventLog;
using MlSystem.ServiceDefaults.Storage;

namespace MlSystem.Registry.Tests.Support;

/// <summary>What the registry has told the event log.</summary>
public static class RegistryEvents
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Reads the embedded log of a data directory itself, each event once, until <paramref name="complete"/> says that what is expected is there.</summary>
    public static async Task<IReadOnlyList<RegistryEvent>> ReadAsync(string dataFolder, Func<IReadOnlyList<RegistryEvent>, bool> complete)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new());
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection([new("MlSystem:DataDirectory", dataFolder)]);
        builder.Services.AddSingleton(new DataDirectory(builder.Configuration, "monitor"));
        builder.AddEventLog();
        using var host = builder.Build();
        using var deadline = new CancellationTokenSource(Patience);
        await using var consumer = host.Services.GetRequiredService<IEventLog>().Subscribe(Topics.Registry, "test");
        var found = new Dictionary<string, RegistryEvent>(StringComparer.Ordinal);
        while (!complete([.. found.Values]))
        {
            foreach (var read in await consumer.ReadAsync(1000, deadline.Token))
            {
                var told = JsonSerializer.Deserialize(read.Event.Value.Span, ContractsJson.Default.RegistryEvent)!;
                found[told.EventId] = told;
            }
        }

        return [.. found.Values];
    }
}

using System.Globalization;
using System.Text;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using MlSystem.ServiceDefaults.EventLog;
using MlSystem.ServiceDefaults.Storage;

// A process for tests to kill. `append <data directory> <topic> <writer>` appends 0, 1, 2 … to five keys and prints each number
// when it is acknowledged; `consume <data directory> <topic> <group>` prints `<key> <value>` of each event as its handling,
// and commits after each batch, pausing between the two when `--pause` follows.
var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["MlSystem:DataDirectory"] = args[1] });
builder.Services.AddSingleton(new DataDirectory(builder.Configuration, "crash"));
builder.AddEventLog();
using var host = builder.Build();
var log = host.Services.GetRequiredService<IEventLog>();
if (args[0] == "append")
{
    for (var i = 0; ; i++)
    {
        var value = Encoding.UTF8.GetBytes(i.ToString(CultureInfo.InvariantCulture));
        await log.AppendAsync(args[2], [.. Enumerable.Range(0, 5).Select(k => new LogEvent($"{args[3]}-{k}", value, new Dictionary<string, string>()))], CancellationToken.None);
        await Console.Out.WriteLineAsync(i.ToString(CultureInfo.InvariantCulture));
    }
}

await using var consumer = log.Subscribe(args[2], args[3]);
while (true)
{
    foreach (var e in await consumer.ReadAsync(10, CancellationToken.None))
    {
        await Console.Out.WriteLineAsync($"{e.Event.Key} {Encoding.UTF8.GetString(e.Event.Value.Span)}");
    }

    if (args is [.., "--pause"])
    {
        await Console.Out.WriteLineAsync("paused");
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, CancellationToken.None);
    }

    await consumer.CommitAsync(CancellationToken.None);
}

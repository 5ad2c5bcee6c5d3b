using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using MlSystem.Testing;

namespace MlSystem.FeatureStore.Tests.Online;

/// <summary>How often a read goes to the online store, as a real Redis sees it.</summary>
public sealed class RoundTripTests
{
    private const string Read = """
        {"features":["hourly:trips","hourly:rate","wide:s","local:visits"],"entities":{"driver_id":IDS,"city":CITIES}}
        """;

    [Theory]
    [InlineData(1)]
    [InlineData(300)]
    [InlineData(10_000)]
    public async Task Any_number_of_entities_and_views_is_one_command(int entities)
    {
        Assert.SkipWhen(RedisServer.Missing is not null, RedisServer.Missing ?? "");
        await using var redis = await RedisServer.StartAsync();
        await using var app = await FeatureStoreApp.StartAsync(("ConnectionStrings:cache", redis.ConnectionString), ("Features:OnlineTimeoutSeconds", "60"), ("Features:OnlineCheckSeconds", "60"));
        await app.PostOkAsync("/api/apply", Samples.Definitions);
        var body = Read.Replace("IDS", JsonSerializer.Serialize(Enumerable.Range(0, entities)), StringComparison.Ordinal)
            .Replace("CITIES", JsonSerializer.Serialize(Enumerable.Range(0, entities).Select(city => $"c{city}")), StringComparison.Ordinal);
        await app.PostOkAsync("/get-online-features", body);
        using var monitor = new Monitor(redis.Port);
        await monitor.StartAsync();

        var answer = await app.PostOkAsync("/get-online-features", body);

        Assert.Equal(entities, answer.GetProperty("results")[5].GetProperty("statuses").GetArrayLength());
        var commands = await monitor.UntilAsync("c0\"");
        var reads = Assert.Single(commands, command => command.Contains("fs:", StringComparison.Ordinal));
        Assert.Contains("\"MGET\"", reads, StringComparison.Ordinal);

        // Every view's keys and the store's own mark.
        Assert.Equal((entities * 3) + 1, reads.Split("\"fs:").Length - 1);
    }

    /// <summary>redis-cli's MONITOR: every command that the server gets, one a line.</summary>
    private sealed class Monitor(int port) : IDisposable
    {
        private readonly TcpClient _client = new();
        private StreamReader? _lines;

        public async Task StartAsync()
        {
            await _client.ConnectAsync(IPAddress.Loopback, port);
            await _client.GetStream().WriteAsync("MONITOR\r\n"u8.ToArray());
            _lines = new StreamReader(_client.GetStream(), Encoding.UTF8);
            Assert.Equal("+OK", await _lines.ReadLineAsync());
        }

        /// <summary>All commands up to the first that holds a text, and what follows until nothing comes for a second.</summary>
        public async Task<List<string>> UntilAsync(string text)
        {
            var commands = new List<string>();
            using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(2));
            while (commands.Count == 0 || !commands[^1].Contains(text, StringComparison.Ordinal))
            {
                commands.Add(await _lines!.ReadLineAsync(deadline.Token) ?? throw new EndOfStreamException());
            }

            // A last command that this connection sends itself is behind all that the store had sent.
            await _client.GetStream().WriteAsync(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"PING end{port}\r\n")), deadline.Token);
            while (!commands[^1].Contains(string.Create(CultureInfo.InvariantCulture, $"end{port}"), StringComparison.Ordinal))
            {
                commands.Add(await _lines!.ReadLineAsync(deadline.Token) ?? throw new EndOfStreamException());
            }

            return commands;
        }

        public void Dispose()
        {
            _lines?.Dispose();
            _client.Dispose();
        }
    }
}
